"""What a field of a row holds: a text, a number, a time, or nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

Row = dict[str, Any]


@dataclass(frozen=True, order=True)
class Time:
    """A time, in milliseconds since the epoch."""

    ms: int

    def __str__(self) -> str:
        """Return it as Insights shows it, in UTC."""
        moment = datetime.fromtimestamp(self.ms / 1000, tz=UTC)
        return f"{moment:%Y-%m-%d %H:%M:%S}.{self.ms % 1000:03d}"


def number(value: Any) -> float | None:
    """Return the number that a value is, or None."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, Time):
        return float(value.ms)
    is_number = isinstance(value, int | float) or (isinstance(value, str) and NUMBER.fullmatch(value))
    try:
        return float(value) if is_number else None
    except OverflowError:  # a message may hold a number of any length
        return None


def text(value: Any) -> str:
    """Return a value as a result shows it."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(round(value, 4))
    return "" if value is None else str(value)
