"""A figure of a benchmark, and how it is taken."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One row: a value, the alternative's in the same run, and what we want the ratio or the value to be.

    Attributes:
        unit: of both values; "s" is shown in milliseconds below one second.
    """

    what: str
    value: float
    against: str = ""
    against_value: float | None = None
    unit: str = "s"
    goal: str = ""

    def __str__(self) -> str:
        ratio = f"{self.value / self.against_value:.2f} ×" if self.against_value else ""
        other = f"{self.against}: {self._shown(self.against_value)}" if self.against_value else ""
        return f"| {self.what} | {self._shown(self.value)} | {other} | {ratio} | {self.goal} |"

    def _shown(self, value: float) -> str:
        if self.unit == "s" and value < 1:
            return f"{value * 1000:.1f} ms"
        return f"{value:.1f} {self.unit}" if self.unit else f"{value:g}"


def median_seconds(call: Callable[[], object], times: int) -> float:
    """Return the median time of a call."""
    return statistics.median(seconds(call) for _ in range(times))


def seconds(call: Callable[[], object]) -> float:
    """Return the time of one call."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
