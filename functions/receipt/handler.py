"""Write the receipt of an order. It gets its events asynchronously: nobody waits for the answer."""


def handler(event: dict, context: object) -> dict:
    """Add up the order's items."""
    total = sum(item["price"] * item["count"] for item in event["items"])
    print(f"Order {event['order']}: {total:.2f}")
    return {"order": event["order"], "total": total}
