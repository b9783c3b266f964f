"""What AWS charges for requests to APIs and to DynamoDB tables, read off a call on the tape."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

HTTP_UNIT_BYTES = 512 * 1024
MESSAGE_UNIT_BYTES = 32 * 1024
READS = {"GetItem", "Query", "Scan"}
WRITES = {"PutItem", "UpdateItem", "DeleteItem"}
TRANSACTIONS = {"TransactGetItems": "dynamodb-read", "TransactWriteItems": "dynamodb-write"}
FROM_STATEMENTS = {"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"}

Charge = Mapping[str, float] | None


def charge_of_request(call: Any) -> Charge:
    """Return what one request to an API counts as: of an HTTP API, one for each 512 KB of the larger body.

    Every request that was answered counts, also with 403 or 429: what AWS forgives is on no page of its own.
    """
    if call.api_kind == "rest":
        return {"apigateway-rest-request": call.count}
    if call.api_kind == "http":
        size = max(call.sent_bytes, call.received_bytes)
        return {"apigateway-http-request": call.count * max(1, math.ceil(size / HTTP_UNIT_BYTES))}
    return None


def charge_of_message(call: Any) -> Charge:
    """Return what a message to a WebSocket connection counts as."""
    if call.operation != "PostToConnection":
        return {}
    size = getattr(call.parameters.get("Data"), "size_bytes", None) or 0
    return {"apigateway-websocket-message": max(1, math.ceil(size / MESSAGE_UNIT_BYTES))}


def charge_of_table(call: Any) -> Charge:
    """Return the request units of a call of DynamoDB.

    They are what DynamoDB says (ReturnConsumedCapacity), or else those of the smallest items: 4 KB read,
    1 KB written. A conditional write that fails is paid for, any other refusal isn't.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
    """
    if call.operation in FROM_STATEMENTS or call.error_code == "TransactionCanceledException":
        return None
    if call.error_code and call.error_code != "ConditionalCheckFailedException":
        return {}
    charge = _smallest(call.operation, call.parameters)
    if len(charge) == 1 and call.capacity_units is not None:
        return dict.fromkeys(charge, call.capacity_units)
    return charge


def _smallest(operation: str, parameters: Mapping[str, Any]) -> dict[str, float]:
    """Return the units of a call whose items are as small as can be; {} for one that is not paid for."""
    if operation in READS:
        return {"dynamodb-read": _of_read(parameters)}
    if operation in WRITES:
        return {"dynamodb-write": 1}
    if operation in TRANSACTIONS:
        return {TRANSACTIONS[operation]: 2 * len(parameters["TransactItems"])}
    tables = parameters.get("RequestItems", {}).values()
    if operation == "BatchWriteItem":
        return {"dynamodb-write": sum(map(len, tables))}
    if operation == "BatchGetItem":
        return {"dynamodb-read": sum(_of_read(table) * len(table["Keys"]) for table in tables)}
    return {}


def _of_read(parameters: Mapping[str, Any]) -> float:
    return 1 if parameters.get("ConsistentRead") else 0.5
