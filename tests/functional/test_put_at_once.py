"""Many writers and one item, on the local cloud's DynamoDB; and the sample orders of notebook 06."""

from __future__ import annotations

from typing import Any

import pytest

from labsupport.at_once import put_at_once
from labsupport.resources.table import deploy_table
from labsupport.sample_orders import put_sample_orders
from labsupport.target import Target

pytestmark = pytest.mark.functional

WRITERS = 12


def new_table(target: Target, **options: Any) -> str:
    return deploy_table(target, f"lab-{target.owner}-orders", keys=["pk"], **options).name


def item(target: Target, table: str, key: str) -> dict[str, Any]:
    found = target.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": key}}, ConsistentRead=True)
    kept: dict[str, Any] = found.get("Item", {})
    return kept


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("attribute_not_exists(pk)", {"ConditionalCheckFailedException": WRITERS - 1, "stored": 1}),
        ("attribute_exists(pk)", {"ConditionalCheckFailedException": WRITERS}),
        ("not exists pk", {"ValidationException": WRITERS}),
        ("", {"stored": WRITERS}),
    ],
)
def test_each_writer_is_told_and_who_was_told_yes_is_noted(
    target: Target, condition: str, told: dict[str, int]
) -> None:
    table = new_table(target)
    put: dict[str, Any] = {"TableName": table, "Item": {"pk": {"S": "slot"}}}
    if condition:
        put["ConditionExpression"] = condition
    for _ in range(2):  # what an earlier try left doesn't count
        assert put_at_once(target, put, WRITERS) == told
    own = [call.operation for call in target.tape.calls() if not call.plumbing]
    assert own == ["PutItem"] * 2 * WRITERS
    noted = item(target, table, "slot-told").get("writers", {}).get("NS", [])
    assert len(noted) == told.get("stored", 0)
    holder = item(target, table, "slot").get("writer", {}).get("N")
    assert holder in noted if noted else holder is None


def test_sample_orders_can_be_found_by_customer_and_written_twice(target: Target) -> None:
    table = new_table(target, indexes={"by-customer": ["customer", "created_at"]})
    for _ in range(2):
        put_sample_orders(target, table, customers=7, each=5)
    client = target.client("dynamodb")
    assert client.scan(TableName=table, Select="COUNT")["Count"] == 35
    of_one = client.query(
        TableName=table,
        IndexName="by-customer",
        KeyConditionExpression="customer = :who",
        ExpressionAttributeValues={":who": {"S": "sample-03"}},
    )["Items"]
    assert len(of_one) == 5
    assert len({order["created_at"]["S"] for order in of_one}) == 5
    assert [call.operation for call in target.tape.calls() if call.operation == "BatchWriteItem"] == [
        "BatchWriteItem"
    ] * 4
