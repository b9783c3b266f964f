"""Answer with the event itself: what API Gateway sends to a function (Lambda proxy integration)."""


def handler(event: dict, context: object) -> dict:
    """Return the event. It names no statusCode, so an HTTP API answers 200 and sends it as JSON."""
    return event
