"""Which state an alarm is in: so many of the last data points are beyond the threshold, or data are missing.

CloudWatch looks at more periods than the alarm evaluates. Where enough of them have data, the newest of those
count. Where not, missing ones are what the alarm says: good, bad, no reason to change, or just missing.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MORE_PERIODS = 2
"""AWS says that the number varies; its examples have five for an alarm of three."""

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def state(alarm: Mapping[str, Any], values: Sequence[float | None]) -> str:
    """Return the state that an alarm is in now.

    Args:
        alarm: as DescribeAlarms describes it.
        values: the statistic of each period, the oldest first, None where a period has no data: as many as
            EvaluationPeriods and MORE_PERIODS.
    """
    compare = OPERATORS[alarm["ComparisonOperator"]]
    points = [None if value is None else compare(value, alarm["Threshold"]) for value in values]
    periods = alarm["EvaluationPeriods"]
    needed = alarm.get("DatapointsToAlarm") or periods
    there = [point for point in points if point is not None]
    if len(there) >= periods:
        return "ALARM" if sum(there[-periods:]) >= needed else "OK"
    treatment = alarm.get("TreatMissingData") or "missing"
    if treatment == "breaching":
        return "ALARM" if sum(there) + periods - len(there) >= needed else "OK"
    if sum(there) >= needed:
        return "ALARM"
    if treatment == "notBreaching" or not all(there):
        return "OK"
    return _with_too_few(points, needed, treatment, str(alarm["StateValue"]))


def _with_too_few(points: Sequence[bool | None], needed: int, treatment: str, current: str) -> str:
    """Return the state of an alarm whose few data points are all beyond the threshold."""
    if treatment == "ignore":
        return current
    if True not in points:
        return "INSUFFICIENT_DATA"
    # One is enough if it is old enough: the newer ones would have been good, had there been any.
    return "ALARM" if len(points) - points.index(True) >= needed else current
