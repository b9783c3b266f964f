"""Alarms: AWS's own examples of missing data, and what is beyond a threshold.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

from typing import Any

import pytest

from labsupport.localcloud.rules.alarm_state import state

VALUES = {"0": 0.0, "X": 10.0, "-": None}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def state_of(points: str, current: str = "current", **changes: Any) -> str:
    """Return the state of an alarm on more than 5, of three periods."""
    alarm = {
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 5.0,
        "EvaluationPeriods": 3,
        "StateValue": current,
        **changes,
    }
    return state(alarm, [VALUES[point] for point in points.split()])


@pytest.mark.parametrize(
    ("needed", "points", "states"),
    [
        (3, "0 - X - X", "OK OK OK OK"),
        (3, "0 - - - -", "OK OK OK OK"),
        (3, "- - - - -", "INSUFFICIENT_DATA current ALARM OK"),
        (3, "0 X X - X", "ALARM ALARM ALARM ALARM"),
        (3, "- - X - -", "ALARM current ALARM OK"),
        (2, "0 - X - X", "ALARM ALARM ALARM ALARM"),
        (2, "0 0 X 0 X", "ALARM ALARM ALARM ALARM"),
        (2, "0 - X - -", "OK OK ALARM OK"),
        (2, "- - - - 0", "OK OK ALARM OK"),
        (2, "- - - X -", "ALARM current ALARM OK"),
    ],
)
def test_awss_examples(needed: int, points: str, states: str) -> None:
    found = [state_of(points, DatapointsToAlarm=needed, TreatMissingData=each) for each in TREATMENTS]
    assert found == states.split()


@pytest.mark.parametrize("points", ["- - - - X", "- - - X -"])
def test_a_young_data_point_alone_is_no_reason_to_change_yet(points: str) -> None:
    assert state_of(points) == "current"


@pytest.mark.parametrize(
    ("comparison", "states"),
    [
        ("GreaterThanThreshold", "OK OK ALARM"),
        ("GreaterThanOrEqualToThreshold", "OK ALARM ALARM"),
        ("LessThanThreshold", "ALARM OK OK"),
        ("LessThanOrEqualToThreshold", "ALARM ALARM OK"),
    ],
)
def test_the_threshold(comparison: str, states: str) -> None:
    alarm = {"ComparisonOperator": comparison, "Threshold": 1, "EvaluationPeriods": 1, "StateValue": "OK"}
    assert [state(alarm, [None, None, value]) for value in (0.5, 1.0, 1.5)] == states.split()
