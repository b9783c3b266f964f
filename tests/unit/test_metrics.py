"""A function's metric as the learner gets it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from labsupport.errors import DeployError
from labsupport.metrics import read_metric, wait_for_metric
from labsupport.target import Target


class FakeCloudWatch:
    """Answers with what is there by now."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self.answers, self.asked = list(answers), dict[str, Any]()

    def client(self, _service: str, **_config: Any) -> FakeCloudWatch:
        return self

    @property
    def events(self) -> FakeCloudWatch:
        return self

    def register(self, *_arguments: Any, **_named: Any) -> None:
        """Take what the tape registers."""

    def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        return {"Datapoints": self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]}


def minute(number: int, *values: float) -> dict[str, Any]:
    return {
        "Timestamp": datetime(2026, 11, 21, 12, number, tzinfo=UTC),
        "SampleCount": float(len(values)),
        "Sum": sum(values),
        "Minimum": min(values),
        "Maximum": max(values),
        "Unit": "Milliseconds",
    }


def target(cloud: FakeCloudWatch) -> Target:
    return Target("aws", "111122223333", "us-east-1", "anna", None, cloud)


def test_minutes_are_put_together() -> None:
    metric = read_metric(target(FakeCloudWatch([minute(7, 40), minute(5, 10, 20)])), "shop", "Duration")
    assert metric is not None
    assert [point.time.minute for point in metric.datapoints] == [5, 7]
    assert (metric.samples, metric.sum, metric.minimum, metric.maximum) == (3, 70, 10, 40)
    assert metric.average == pytest.approx(70 / 3)
    assert repr(metric) == ("Duration of shop: Sum 70, Average 23.3333, Maximum 40 (Milliseconds, 3 samples)")


def test_a_qualifier_asks_for_its_resource() -> None:
    cloud = FakeCloudWatch([])
    assert read_metric(target(cloud), "shop", "Errors", qualifier="live") is None
    asked = {each["Name"]: each["Value"] for each in cloud.asked["Dimensions"]}
    assert asked == {"FunctionName": "shop", "Resource": "shop:live"}
    assert cloud.asked["Namespace"] == "AWS/Lambda"


def test_it_is_waited_for_until_the_sum_is_there() -> None:
    cloud = FakeCloudWatch([], [minute(5, 1)], [minute(5, 1), minute(6, 1, 1)])
    assert wait_for_metric(target(cloud), "shop", "Invocations", at_least=3, timeout_seconds=5).sum == 3


def test_when_it_never_comes_then_the_error_names_it() -> None:
    with pytest.raises(DeployError, match="values of the metric Invocation of shop"):
        wait_for_metric(target(FakeCloudWatch([])), "shop", "Invocation", timeout_seconds=0.1)
    with pytest.raises(DeployError, match="a sum of 2 in the metric Errors of shop"):
        wait_for_metric(
            target(FakeCloudWatch([minute(5, 1)])), "shop", "Errors", at_least=2, timeout_seconds=0.1
        )
