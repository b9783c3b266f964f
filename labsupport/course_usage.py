"""What each notebook of the course used when it was last recorded, by `python -m tests.record_course`.

That run was on the local cloud, with the exercises solved. So it tells which IAM actions, services and models
a notebook needs, and about how much would be paid for. It can't see what functions call themselves (a table,
a bucket, a model), what AWS takes longer for, and what you run a second time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from labsupport.usage import Usage

RECORD = Path(__file__).with_name("course_usage.json")
AT_MOST_TIMES = 2
"""A notebook that is run twice, or whose functions call as much again, stays below that."""


@dataclass(frozen=True)
class NotebookUsage:
    """What one notebook used.

    Attributes:
        number: such as "05".
        services: boto3's names.
        actions: IAM's names.
        models: ids of foundation models or inference profiles.
        usage: what would be paid for on AWS, the lab's own calls with it.
        unpriced: what was used and has no price in the book.
        at_once: the most invocations of functions at the same time.
        reserved: the most concurrency that it reserves for a function.
    """

    number: str
    services: frozenset[str]
    actions: frozenset[str]
    models: frozenset[str]
    usage: Usage
    unpriced: tuple[str, ...] = ()
    at_once: int = 0
    reserved: int = 0

    def dollars(self) -> float:
        """Return what it cost, without the free tier."""
        return self.usage.dollars()

    def at_most_dollars(self) -> float:
        """Return a bound for what it costs, in whole cents."""
        return max(1, math.ceil(self.dollars() * AT_MOST_TIMES * 100)) / 100


@cache
def course_usage() -> dict[str, NotebookUsage]:
    """Return what each notebook used, by its number."""
    return {number: _notebook(number, used) for number, used in _record()["notebooks"].items()}


def recorded_on() -> str:
    """Return the day of the record, YYYY-MM-DD."""
    return str(_record()["recorded"])


def _record() -> dict[str, Any]:
    record: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return record


def _notebook(number: str, used: Mapping[str, Any]) -> NotebookUsage:
    return NotebookUsage(
        number,
        services=frozenset(used["services"]),
        actions=frozenset(used["actions"]),
        models=frozenset(used["models"]),
        usage=Usage(used["units"]),
        unpriced=tuple(used["unpriced"]),
        at_once=used["at_once"],
        reserved=used["reserved"],
    )
