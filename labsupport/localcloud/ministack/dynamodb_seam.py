"""Charge DynamoDB's reads by size: MiniStack takes every item for one of at most 4 KB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import dynamodb_capacity


class DynamoDBSeam:
    """Where DynamoDB says what a GetItem, a Query or a Scan has consumed.

    MiniStack answers each request in one go, so the page that was evaluated last is that of the request
    whose capacity is counted next.
    """

    def __init__(self) -> None:
        """Take MiniStack's module."""
        from ministack.services import dynamodb

        self._dynamodb: Any = dynamodb
        self._page: list[dict[str, Any]] = []

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        replace(self._dynamodb, "_paginate_evaluated_items", self._evaluating)
        replace(self._dynamodb, "_add_consumed_capacity", self._counting)

    def _evaluating(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def paginate(items: Any, limit: Any, table: dict[str, Any], index_name: str | None = None) -> Any:
            page, has_more = original(items, limit, table, index_name)
            self._page = [self._entry(item, table, index_name) for item in page]
            return page, has_more

        return paginate

    def _counting(self, original: Callable[..., None]) -> Callable[..., None]:
        def count(
            result: dict[str, Any], data: dict[str, Any], table_name: str, write: bool = False, **more: Any
        ) -> None:
            original(result, data, table_name, write=write, **more)
            if not write and "ConsumedCapacity" in result:
                times = dynamodb_capacity.units_of_4_kb(self._read_bytes(data, table_name))
                result["ConsumedCapacity"] = dynamodb_capacity.charged(result["ConsumedCapacity"], times)

        return count

    def _read_bytes(self, data: dict[str, Any], table_name: str) -> int:
        if "Key" in data:  # GetItem
            read = [self._dynamodb._get_item_by_key(self._dynamodb._tables[table_name], data["Key"]) or {}]
        else:
            read = self._page
        return sum(self._dynamodb._item_size_bytes(item) for item in read)

    def _entry(self, item: dict[str, Any], table: dict[str, Any], index_name: str | None) -> dict[str, Any]:
        """Return what of an item is read: in an index, the attributes that are projected into it."""
        if not index_name:
            return item
        entry: dict[str, Any] = self._dynamodb._apply_index_projection(item, table, index_name)
        return entry
