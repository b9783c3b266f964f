"""What API keys have used of their usage plans' quotas, day by day.

A quota counts the requests of a day, of a week from Sunday, or of a month. They begin at midnight UTC.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
https://docs.aws.amazon.com/apigateway/latest/api/API_QuotaSettings.html
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Day = datetime.date
PlanKey = tuple[str, str]  # usage plan, API key


def _today() -> Day:
    return datetime.datetime.now(datetime.UTC).date()


class UsageLedger:
    """Requests per usage plan, API key and day."""

    def __init__(self, today: Callable[[], Day] = _today) -> None:
        """Begin with nothing used."""
        self._today = today
        self._used: dict[PlanKey, dict[Day, int]] = {}
        self._extra: dict[PlanKey, tuple[Day, int]] = {}  # the period's first day, what UpdateUsage gave

    def take(self, plan_id: str, key_id: str, quota: Mapping[str, Any]) -> bool:
        """Count a request. Returns whether the quota had one left; a refused request isn't counted."""
        today = self._today()
        if quota.get("limit") is not None and self.remaining(plan_id, key_id, quota, today) <= 0:
            return False
        days = self._used.setdefault((plan_id, key_id), {})
        days[today] = days.get(today, 0) + 1
        return True

    def remaining(self, plan_id: str, key_id: str, quota: Mapping[str, Any], until: Day) -> int:
        """Return how many requests were left at the end of a day."""
        first = first_day(until, quota.get("period", "DAY"))
        days = self._used.get((plan_id, key_id), {})
        used = sum(count for day, count in days.items() if first <= day <= until)
        extra_of, extra = self._extra.get((plan_id, key_id), (None, 0))
        limit = int(quota.get("limit") or 0) + (extra if extra_of == first else 0)
        return max(0, limit - used)

    def give(self, plan_id: str, key_id: str, quota: Mapping[str, Any], remaining: int) -> None:
        """Set what is left in this period (UpdateUsage)."""
        today = self._today()
        self._extra.pop((plan_id, key_id), None)
        missing = remaining - self._unbounded(plan_id, key_id, quota, today)
        self._extra[plan_id, key_id] = first_day(today, quota.get("period", "DAY")), missing

    def days(
        self, plan_id: str, key_id: str, quota: Mapping[str, Any], first: Day, last: Day
    ) -> list[list[int]]:
        """Return [used, remaining] for each day of a range."""
        used = self._used.get((plan_id, key_id), {})
        return [
            [used.get(day, 0), self.remaining(plan_id, key_id, quota, day)] for day in _each_day(first, last)
        ]

    def keys(self, plan_id: str) -> list[str]:
        """Return the keys that have used a plan."""
        return [key for plan, key in self._used if plan == plan_id]

    def state(self) -> dict[str, Any]:
        """Return everything, to be saved."""
        return {"used": {who: dict(days) for who, days in self._used.items()}, "extra": dict(self._extra)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned in an earlier life."""
        self._used.update(state.get("used", {}))
        self._extra.update(state.get("extra", {}))

    def _unbounded(self, plan_id: str, key_id: str, quota: Mapping[str, Any], today: Day) -> int:
        first = first_day(today, quota.get("period", "DAY"))
        days = self._used.get((plan_id, key_id), {})
        used = sum(count for day, count in days.items() if first <= day <= today)
        return int(quota.get("limit") or 0) - used


def first_day(day: Day, period: str) -> Day:
    """Return the first day of the period that a day is in: DAY, WEEK or MONTH."""
    if period == "WEEK":
        return day - datetime.timedelta(days=(day.weekday() + 1) % 7)
    return day.replace(day=1) if period == "MONTH" else day


def _each_day(first: Day, last: Day) -> Iterator[Day]:
    for number in range((last - first).days + 1):
        yield first + datetime.timedelta(days=number)
