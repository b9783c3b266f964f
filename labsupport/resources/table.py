"""DynamoDB tables with on-demand capacity: every request is paid by itself, and nothing is reserved.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from labsupport.errors import DeployError
from labsupport.lost_answers import survives_lost_answers
from labsupport.resources.ownership import as_dict, as_list, require_ours
from labsupport.target import Target
from labsupport.waiting import error_code, retry_while, tolerate, wait_until

GONE = "ResourceNotFoundException"
ACTIVE_WITHIN_SECONDS = 300


@dataclass(frozen=True)
class TableDescription:
    """Name a table."""

    name: str
    arn: str


@survives_lost_answers
def deploy_table(
    target: Target,
    name: str,
    *,
    keys: Sequence[str],
    indexes: Mapping[str, Sequence[str]] | None = None,
    ttl_attribute: str | None = None,
) -> TableDescription:
    """Create a table if there is none of this name, and return when it and its indexes are ACTIVE.

    Args:
        target: where.
        name: full name.
        keys: the attributes of the primary key: partition key, and sort key if there is one. All are strings.
        indexes: global secondary indexes with their keys. They hold all attributes.
        ttl_attribute: holds the time, in seconds since 1970, after which DynamoDB deletes an item.

    Raises:
        DeployError: the table is somebody else's, has other keys, or didn't become ACTIVE.
    """
    indexes = indexes or {}
    client = target.client("dynamodb")
    with target.tape.plumbing():
        found = _describe(target, name)
        if found is None:
            client.create_table(**_specification(name, keys, indexes), Tags=as_list(target.tags()))
        else:
            require_ours(target, f"table {name}", table_tags(target, found["TableArn"]))
            _require_keys(found, keys, indexes)
        table = wait_until(
            lambda: _if_active(_describe(target, name)),
            doing=f"waiting until the table {name} is ACTIVE",
            timeout_seconds=ACTIVE_WITHIN_SECONDS,
            next_step="Run the cell again: it goes on waiting.",
        )
        if ttl_attribute:
            _expire_by(target, name, ttl_attribute)
    return TableDescription(name, table["TableArn"])


def describe_table(target: Target, name: str) -> TableDescription | None:
    """Return the table, or None."""
    with target.tape.plumbing():
        found = _describe(target, name)
    return TableDescription(name, found["TableArn"]) if found else None


def delete_table(target: Target, name: str) -> None:
    """Delete a table with all its items, and return when it is gone. Its deletion protection is lifted."""
    client = target.client("dynamodb")
    with target.tape.plumbing():
        with tolerate(GONE):
            if (_describe(target, name) or {}).get("DeletionProtectionEnabled"):
                retry_while(
                    lambda error: error_code(error) == "ResourceInUseException",
                    lambda: client.update_table(TableName=name, DeletionProtectionEnabled=False),
                    timeout_seconds=ACTIVE_WITHIN_SECONDS,
                    doing=f"lifting the deletion protection of the table {name}",
                )
            # DynamoDB refuses while the table is being created or changed; that passes.
            retry_while(
                lambda error: error_code(error) == "ResourceInUseException",
                lambda: client.delete_table(TableName=name),
                timeout_seconds=ACTIVE_WITHIN_SECONDS,
                doing=f"waiting until the table {name} can be deleted",
            )
        wait_until(lambda: _describe(target, name) is None, doing=f"waiting until the table {name} is gone")


def table_tags(target: Target, arn: str) -> dict[str, str]:
    """Return a table's tags; none if it is gone."""
    with tolerate(GONE):
        pages = target.client("dynamodb").get_paginator("list_tags_of_resource").paginate(ResourceArn=arn)
        return as_dict([tag for page in pages for tag in page["Tags"]])
    return {}


def _describe(target: Target, name: str) -> dict[str, Any] | None:
    with tolerate(GONE):
        table: dict[str, Any] = target.client("dynamodb").describe_table(TableName=name)["Table"]
        return table
    return None


def _if_active(table: dict[str, Any] | None) -> dict[str, Any] | None:
    if table is None:  # DescribeTable is eventually consistent: a new table may not be known yet
        return None
    states = [index["IndexStatus"] for index in table.get("GlobalSecondaryIndexes", [])]
    return table if {table["TableStatus"], *states} == {"ACTIVE"} else None


def _specification(name: str, keys: Sequence[str], indexes: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    attributes = dict.fromkeys([*keys, *(key for index in indexes.values() for key in index)])
    specification: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in attributes],
        "KeySchema": _key_schema(keys),
    }
    if indexes:
        specification["GlobalSecondaryIndexes"] = [
            {"IndexName": index, "KeySchema": _key_schema(own), "Projection": {"ProjectionType": "ALL"}}
            for index, own in indexes.items()
        ]
    return specification


def _key_schema(keys: Sequence[str]) -> list[dict[str, str]]:
    types = ("HASH", "RANGE")[: len(keys)]
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, types, strict=True)]


def _require_keys(found: dict[str, Any], keys: Sequence[str], indexes: Mapping[str, Sequence[str]]) -> None:
    """Refuse a table that isn't what is wanted: a table's keys can't be changed."""
    wanted = {"": list(keys)} | {index: list(own) for index, own in indexes.items()}
    there = dict(_keys_of(found))
    if there != wanted:
        raise DeployError(
            doing=f"deploying the table {found['TableName']}",
            cause=f"it exists with other keys: {there}, and not {wanted}. A table's keys can't be changed.",
            next_step="Delete the table (its items go with it), and run the cell again.",
        )


def _keys_of(table: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield the names of the keys, of the table as "" and of each index."""
    for each in [table, *table.get("GlobalSecondaryIndexes", [])]:
        schema = sorted(each["KeySchema"], key=lambda key: key["KeyType"])  # HASH comes before RANGE
        yield each.get("IndexName", ""), [key["AttributeName"] for key in schema]


def _expire_by(target: Target, name: str, attribute: str) -> None:
    client = target.client("dynamodb")

    def is_so() -> bool:
        now = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        return bool(now.get("AttributeName") == attribute)

    if is_so():
        return
    try:
        client.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute}
        )
    except ClientError as error:
        # DynamoDB changes it once an hour: where an answer was lost, it refuses what boto3 asks again.
        if error_code(error) != "ValidationException" or not is_so():
            raise
