"""Metric filters: what a log event adds to which metric.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
"""

from __future__ import annotations

from typing import Any

import pytest

from labsupport.localcloud.rules.log_metrics import data_points

JSON = '{"latency": 12.5, "path": "/orders", "who": {"id": "7"}, "ok": true}'
LINE = '127.0.0.1 ada [now] "GET / HTTP/1.0" 404 1534'


def added(pattern: str, message: str, value: str, **more: Any) -> list[tuple[float, dict[str, str], str]]:
    transformation = {"metricNamespace": "n", "metricName": "m", "metricValue": value, **more}
    points = data_points({"filterPattern": pattern, "metricTransformations": [transformation]}, message)
    return [(point.value, point.dimensions, point.unit) for point in points]


@pytest.mark.parametrize(
    ("pattern", "message", "value", "found"),
    [
        ("", JSON, "1", 1.0),
        ("latency", JSON, "2.5", 2.5),
        ("{ $.latency = * }", JSON, "$.latency", 12.5),
        ("{ $.latency = * }", JSON, "$.who.id", 7.0),
        ("{ $.latency = * }", JSON, "$.path", None),  # no number
        ("{ $.latency = * }", JSON, "$.ok", None),
        ("{ $.latency = * }", JSON, "$.missing", None),
        ("{ $.latency > 99 }", JSON, "1", None),
        ("[ip, who, time, request, status=404, bytes]", LINE, "$bytes", 1534.0),
        ("[..., status, bytes]", LINE, "$status", 404.0),
        ("[ip, ..., bytes]", LINE, "$ip", None),
        ("GET", LINE, "$bytes", None),  # no pattern names the word
    ],
)
def test_an_event_adds_a_number_or_the_field_that_is_named(
    pattern: str, message: str, value: str, found: float | None
) -> None:
    assert added(pattern, message, value) == ([] if found is None else [(found, {}, "None")])


def test_an_event_that_does_not_match_adds_the_default_value() -> None:
    assert added("ERROR", JSON, "1", defaultValue=0.0, unit="Count") == [(0.0, {}, "Count")]
    assert added("latency", JSON, "1", defaultValue=0.0, unit="Count") == [(1.0, {}, "Count")]


def test_dimensions_are_fields_and_without_one_nothing_is_added() -> None:
    by_path = {"Path": "$.path"}
    assert added("{ $.latency = * }", JSON, "$.latency", dimensions=by_path) == [
        (12.5, {"Path": "/orders"}, "None")
    ]
    assert added("{ $.latency = * }", JSON, "1", dimensions={"Path": "$.missing"}) == []
