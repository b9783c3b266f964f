"""Whether a vector's metadata fits a filter of QueryVectors.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-metadata-filtering.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from labsupport.localcloud.vector_store.store import invalid

Filter = Mapping[str, Any]


def _values(value: Any) -> list[Any]:
    """Return a metadata's values: of a list each element counts."""
    return value if isinstance(value, list) else [value]


def _any(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Return whether any value compares; values of another type than the wanted one don't."""

    def test(value: Any, wanted: Any) -> bool:
        number = (int, float)
        return any(
            isinstance(each, number) and isinstance(wanted, number) and compare(each, wanted)
            for each in _values(value)
        )

    return test


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, wanted: wanted in _values(value),
    "$ne": lambda value, wanted: wanted not in _values(value),
    "$in": lambda value, wanted: any(each in wanted for each in _values(value)),
    "$nin": lambda value, wanted: all(each not in wanted for each in _values(value)),
    "$gt": _any(lambda each, wanted: bool(each > wanted)),
    "$gte": _any(lambda each, wanted: bool(each >= wanted)),
    "$lt": _any(lambda each, wanted: bool(each < wanted)),
    "$lte": _any(lambda each, wanted: bool(each <= wanted)),
}


def keys_of(wanted: Filter) -> Iterator[str]:
    """Yield the metadata keys that a filter asks for.

    Raises:
        Refused: an operator isn't AWS's.
    """
    for key, value in wanted.items():
        if key in ("$and", "$or"):
            for each in value:
                yield from keys_of(each)
        elif key.startswith("$"):
            raise invalid(f"Invalid filter: unknown operator {key}")
        else:
            if isinstance(value, dict) and (unknown := set(value) - OPERATORS.keys() - {"$exists"}):
                raise invalid(f"Invalid filter: unknown operator {min(unknown)}")
            yield key


def fits(wanted: Filter, metadata: Mapping[str, Any]) -> bool:
    """Tell whether metadata fits a filter."""
    return all(_fits(key, value, metadata) for key, value in wanted.items())


def _fits(key: str, value: Any, metadata: Mapping[str, Any]) -> bool:
    if key == "$and":
        return all(fits(each, metadata) for each in value)
    if key == "$or":
        return any(fits(each, metadata) for each in value)
    tests = value if isinstance(value, dict) else {"$eq": value}
    for operator, wanted in tests.items():
        if operator == "$exists":
            if (key in metadata) is not wanted:
                return False
        elif not OPERATORS[operator](metadata.get(key), wanted):
            return False
    return True
