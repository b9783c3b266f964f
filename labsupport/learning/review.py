"""Which questions come back, and when.

A question that was answered wrongly is due at once. Each right answer in a row moves it on: it comes back
after one day, then three, a week, two weeks, and a month. A wrong answer takes it back to the beginning. That
is the box system of Sebastian Leitner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from labsupport.learning.progress import Event

INTERVALS_DAYS = (0, 1, 3, 7, 14, 30)
MONTH_BOX = len(INTERVALS_DAYS) - 1


@dataclass(frozen=True)
class Standing:
    """How a learner stands with one question.

    Attributes:
        box: how many right answers in a row, 5 at most.
        due: when it comes back.
        answered: how often it was answered.
    """

    box: int
    due: datetime
    answered: int


def standings(events: Iterable[Event]) -> dict[str, Standing]:
    """Return how a learner stands with each question that was answered, by the question's key."""
    found: dict[str, Standing] = {}
    for event in events:
        if event["kind"] != "question":
            continue
        before = found.get(event["key"])
        box = min((before.box if before else 0) + 1, MONTH_BOX) if event["right"] else 0
        due = datetime.fromisoformat(event["at"]) + timedelta(days=INTERVALS_DAYS[box])
        found[event["key"]] = Standing(box, due, (before.answered if before else 0) + 1)
    return found


def due(questions: Mapping[str, Any], events: Iterable[Event], *, now: datetime | None = None) -> list[str]:
    """Return the keys of the questions that are due, the longest due first; unanswered ones are not."""
    moment = now or datetime.now(UTC)
    known = {key: each for key, each in standings(events).items() if key in questions and each.due <= moment}
    return sorted(known, key=lambda key: known[key].due)
