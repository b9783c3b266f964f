"""Reads consume capacity by the size of what is read.

One unit is 4 KB, rounded up; half of it where the read is eventually consistent. A Query adds up the sizes of
the items first, also of those that a filter drops, and whole, also where only some attributes are wanted.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

from typing import Any

UNIT_BYTES = 4096


def units_of_4_kb(read_bytes: int) -> int:
    """Return how many times 4 KB are read. What isn't there is charged as one."""
    return max(1, -(-read_bytes // UNIT_BYTES))


def charged(consumed: dict[str, Any], times: int) -> dict[str, Any]:
    """Return a ConsumedCapacity for so many times 4 KB, made of that for the first 4 KB."""
    return {name: _times(name, value, times) for name, value in consumed.items()}


def _times(name: str, value: Any, times: int) -> Any:
    if isinstance(value, dict):
        return charged(value, times)
    return value * times if name.endswith("CapacityUnits") else value
