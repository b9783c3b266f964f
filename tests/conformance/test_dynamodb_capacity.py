"""What DynamoDB says that a call has consumed.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

from typing import Any

import pytest

from labsupport.lab import Lab

pytestmark = pytest.mark.functional

INDEX = "by-customer"


class Table:
    """A table whose items have sizes that are easy to count."""

    def __init__(self, lab: Lab) -> None:
        self.client = lab.client("dynamodb")
        self.name = lab.deploy_table("sizes", keys=["pk"], indexes={INDEX: ["customer", "at"]}).name

    def item(self, pk: str, size: int, **more: str) -> dict[str, Any]:
        """Return an item of so many bytes: names and values count."""
        texts = {"pk": pk, **more}
        filled = sum(len(name) + len(value) for name, value in texts.items()) + len("x")
        return {name: {"S": value} for name, value in {**texts, "x": "x" * (size - filled)}.items()}

    def units(self, operation: str, **parameters: Any) -> float:
        if operation != "transact_write_items":
            parameters |= {"TableName": self.name}
        answer = getattr(self.client, operation)(ReturnConsumedCapacity="TOTAL", **parameters)
        consumed = answer["ConsumedCapacity"]
        return float((consumed[0] if isinstance(consumed, list) else consumed)["CapacityUnits"])


@pytest.fixture
def table(lab: Lab) -> Table:
    return Table(lab)


@pytest.mark.parametrize(
    ("size", "eventual", "strong", "write"),
    [
        (100, 0.5, 1, 1),
        (1024, 0.5, 1, 1),
        (1025, 0.5, 1, 2),
        (4096, 0.5, 1, 4),
        (4097, 1, 2, 5),
        (20_000, 2.5, 5, 20),
    ],
)
def test_an_item_costs_by_its_size(
    table: Table, size: int, eventual: float, strong: float, write: float
) -> None:
    key = {"pk": {"S": "a"}}
    assert table.units("put_item", Item=table.item("a", size)) == write
    assert table.units("get_item", Key=key) == eventual
    assert table.units("get_item", Key=key, ConsistentRead=True) == strong
    assert table.units("get_item", Key=key, ProjectionExpression="pk") == eventual
    assert table.units("scan", ConsistentRead=True) == strong


def test_what_is_not_there_costs_as_much_as_the_smallest(table: Table) -> None:
    assert table.units("get_item", Key={"pk": {"S": "nobody"}}) == 0.5
    assert table.units("get_item", Key={"pk": {"S": "nobody"}}, ConsistentRead=True) == 1


def test_a_query_adds_up_what_it_reads_before_it_filters_and_rounds_once(table: Table) -> None:
    for number in range(10):
        table.client.put_item(
            TableName=table.name, Item=table.item(f"{number}", 1000, customer="ada", at=f"{number}")
        )
    ada = {
        "IndexName": INDEX,
        "KeyConditionExpression": "customer = :c",
        "ExpressionAttributeValues": {":c": {"S": "ada"}},
    }
    assert table.units("query", **ada) == 1.5  # 10,000 bytes are three times 4 KB
    assert table.units("query", **ada, Limit=4) == 0.5
    assert table.units("query", **ada, FilterExpression="attribute_not_exists(pk)") == 1.5
    assert table.units("query", **ada, Select="COUNT") == 1.5
    assert table.units("query", **ada, ProjectionExpression="pk") == 1.5


def test_an_index_is_written_too_and_a_transaction_costs_twice(table: Table) -> None:
    assert table.units("put_item", Item=table.item("a", 500, customer="ada", at="1")) == 2
    puts = [{"Put": {"TableName": table.name, "Item": table.item(pk, 500)}} for pk in ("b", "c")]
    assert table.units("transact_write_items", TransactItems=puts) == 4
