"""The table behind the API.

The questions came first, then the keys that answer them:

| Question | Answer |
|---|---|
| Which order has this id? | GetItem with pk = order#<id> |
| Which orders has this customer, the newest first? | Query of the index by-customer: customer, created_at |
| Was this Idempotency-Key used? | GetItem with pk = key#<key> |

One partition key answers both GetItems, so there is no sort key. Items of a key have no customer, so they are
not in the index. One table is enough, and one transaction writes an order together with its key.
"""

import re
from datetime import UTC, datetime, timedelta

from boto3.dynamodb.conditions import Key

INDEX = "by-customer"
KEY_IS_KEPT = timedelta(hours=24)
ATTEMPTS = 5
ORDER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class WrongKey(Exception):
    """An Idempotency-Key comes again with another request."""


class StillWorking(Exception):
    """A request with the same Idempotency-Key is not done yet."""


class Store:
    """Orders in a DynamoDB table, given as boto3's Table."""

    def __init__(self, table: object) -> None:
        self.table = table
        self.client = table.meta.client

    def place(self, order: dict, key: str, request_hash: str) -> tuple[dict, bool]:
        """Write an order and its key, both or neither. Return the order, and whether it was there before.

        Of several requests with one key that come at the same moment, one writes. The others' condition
        fails, and they read what the first has answered.

        Raises:
            WrongKey: the key was used for another request.
            StillWorking: another request with this key is being written right now.
        """
        for _ in range(ATTEMPTS):
            try:
                self._write(order, key, request_hash)
                return order, False
            except self.client.exceptions.TransactionCanceledException as error:
                # Another transaction has the key right now (TransactionConflict), or it was written before.
                if not can_be_a_duplicate(error.response["CancellationReasons"]):
                    raise
            if record := self._record(key):
                if record["request_hash"] != request_hash:
                    raise WrongKey
                return record["answer"], True
        raise StillWorking

    def get(self, order_id: str) -> dict | None:
        """Return an order, or None. The read is strongly consistent: it sees every write before it."""
        if not ORDER_ID.fullmatch(order_id):
            return None
        found = self.table.get_item(Key={"pk": f"order#{order_id}"}, ConsistentRead=True)
        return without_key(found["Item"]) if "Item" in found else None

    def list_of(self, customer: str, limit: int, start: dict | None) -> tuple[list[dict], dict | None]:
        """Return a page of a customer's orders, the newest first, and the key to go on from, or None.

        An index is always read eventually consistent, so the newest order may come a moment later.
        """
        options = {"ExclusiveStartKey": start} if start else {}
        page = self.table.query(
            IndexName=INDEX,
            KeyConditionExpression=Key("customer").eq(customer),
            ScanIndexForward=False,
            Limit=limit,
            **options,
        )
        return [without_key(item) for item in page["Items"]], page.get("LastEvaluatedKey")

    def change_status(self, order: dict, status: str, now: datetime) -> dict | None:
        """Change an order if it still has the version that was read, and return it as it is then, or None.

        This is optimistic locking: nobody waits, and who comes second notices it.
        """
        try:
            changed = self.table.update_item(
                Key={"pk": f"order#{order['order_id']}"},
                UpdateExpression="SET #status = :status, version = version + :one, updated_at = :now",
                ConditionExpression="version = :seen",
                ExpressionAttributeNames={"#status": "status"},  # a reserved word of DynamoDB
                ExpressionAttributeValues={
                    ":status": status,
                    ":one": 1,
                    ":seen": order["version"],
                    ":now": now.isoformat(timespec="microseconds"),
                },
                ReturnValues="ALL_NEW",
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return None
        return without_key(changed["Attributes"])

    def _write(self, order: dict, key: str, request_hash: str) -> None:
        now = datetime.now(UTC)
        record = {
            "pk": f"key#{key}",
            "request_hash": request_hash,
            "answer": order,  # as it was: the order itself will change
            "expires_at": int((now + KEY_IS_KEPT).timestamp()),
        }
        put_key = {
            "TableName": self.table.name,
            "Item": record,
            # DynamoDB deletes an expired item within a few days. Until then it is there, and doesn't count.
            "ConditionExpression": "attribute_not_exists(pk) OR expires_at < :now",
            "ExpressionAttributeValues": {":now": int(now.timestamp())},
        }
        put_order = {
            "TableName": self.table.name,
            "Item": {"pk": f"order#{order['order_id']}", **order},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        self.client.transact_write_items(TransactItems=[{"Put": put_key}, {"Put": put_order}])

    def _record(self, key: str) -> dict | None:
        """Return what is kept of a key, or None."""
        return self.table.get_item(Key={"pk": f"key#{key}"}, ConsistentRead=True).get("Item")


def can_be_a_duplicate(reasons: list[dict]) -> bool:
    """Tell whether a transaction was cancelled because of another one with the same key."""
    return {reason["Code"] for reason in reasons} <= {"None", "ConditionalCheckFailed", "TransactionConflict"}


def without_key(item: dict) -> dict:
    """Return an item as clients see it."""
    return {name: value for name, value in item.items() if name != "pk"}
