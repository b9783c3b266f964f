"""Metric filters: the values that a log event adds to a metric.

An event that matches adds the transformation's value: a number, or the field that it names, as `$.latency`
of a JSON event or `$bytes` of a pattern of words. One that doesn't match adds the default value, if there is
one.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricTransformation.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from labsupport.localcloud.filter_patterns import read_pattern, read_value
from labsupport.localcloud.filter_patterns.comparison import number


class DataPoint(NamedTuple):
    """A value of a metric."""

    namespace: str
    name: str
    unit: str
    dimensions: dict[str, str]
    value: float


def data_points(metric_filter: Mapping[str, Any], message: str) -> Iterator[DataPoint]:
    """Yield what an event adds to the metrics of a filter, as DescribeMetricFilters describes it."""
    pattern = metric_filter["filterPattern"]
    matches = read_pattern(pattern)(message)
    for transformation in metric_filter["metricTransformations"]:
        dimensions = transformation.get("dimensions") or {}
        if matches:
            value = number(read_value(pattern, transformation["metricValue"], message) or "")
            found = {name: read_value(pattern, field, message) for name, field in dimensions.items()}
        else:
            value, found = transformation.get("defaultValue"), {}
        known = {name: text for name, text in found.items() if text is not None}
        if value is not None and len(known) == len(found):
            yield DataPoint(
                transformation["metricNamespace"],
                transformation["metricName"],
                transformation.get("unit", "None"),
                known,
                float(value),
            )
