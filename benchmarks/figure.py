"""A figure of a benchmark, and how it is taken."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One row: seconds for something, and seconds for the alternative in the same run."""

    what: str
    seconds: float
    against: str = ""
    against_seconds: float | None = None

    def __str__(self) -> str:
        ratio = f"{self.seconds / self.against_seconds:.2f} ×" if self.against_seconds else ""
        other = f"{self.against}: {_shown(self.against_seconds)}" if self.against_seconds else ""
        return f"| {self.what} | {_shown(self.seconds)} | {other} | {ratio} |"


def median_seconds(call: Callable[[], object], times: int) -> float:
    """Return the median time of a call."""
    return statistics.median(seconds(call) for _ in range(times))


def seconds(call: Callable[[], object]) -> float:
    """Return the time of one call."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.1f} s"
