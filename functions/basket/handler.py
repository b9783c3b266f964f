"""Put an item into a customer's basket. The basket travels with the event: the function keeps nothing."""


def handler(event: dict, context: object) -> dict:
    """Return the customer's basket with the new item in it."""
    basket = [*event.get("basket", []), event["item"]]
    return {"customer": event["customer"], "basket": basket}
