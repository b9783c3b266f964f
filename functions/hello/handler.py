"""Say hello: the smallest useful Lambda function."""


def handler(event: dict, context: object) -> dict:
    """Greet the name in the event. Lambda calls this once for every invocation."""
    name = event.get("name", "world")
    print(f"Saying hello to {name}")  # what a function prints ends up in CloudWatch Logs
    return {"message": f"Hello, {name}!"}
