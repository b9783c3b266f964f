"""Sample orders, many enough that it matters how one looks for them (notebook 06_orders_api)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from labsupport.target import Target

BATCH = 25  # BatchWriteItem's limit
NOTE = "Please ring twice, the bell is small and the house is long. "


def sample_orders(*, customers: int, each: int) -> Iterator[dict[str, Any]]:
    """Yield orders of `sample-00`, `sample-01` and so on, with DynamoDB's types: about 300 bytes each."""
    for number in range(customers * each):
        minute, customer = number // customers, number % customers
        time = f"2026-11-{1 + minute % 28:02}T10:{customer:02}:00.000000+00:00"
        texts = {
            "pk": f"order#sample-{number:04}",
            "order_id": f"sample-{number:04}",
            "customer": f"sample-{customer:02}",
            "created_at": time,
            "updated_at": time,
            "status": "placed",
            "currency": "EUR",
            "note": NOTE * 2,
        }
        yield {name: {"S": text} for name, text in texts.items()} | {"version": {"N": "1"}}


def put_sample_orders(target: Target, table: str, *, customers: int, each: int) -> None:
    """Write sample orders into a table; those of an earlier run are written over."""
    client = target.client("dynamodb")
    with target.tape.plumbing():
        items = sample_orders(customers=customers, each=each)
        while batch := list(islice(items, BATCH)):
            pending = {table: [{"PutRequest": {"Item": item}} for item in batch]}
            while pending:
                pending = client.batch_write_item(RequestItems=pending)["UnprocessedItems"]
