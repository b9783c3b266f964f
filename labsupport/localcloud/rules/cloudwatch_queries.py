"""Which data points a CloudWatch query means.

StartTime is rounded down to the minute, since that is how metrics are kept. A query without dimensions means
the metric that has none, and not all metrics of this name together.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
"""

from __future__ import annotations

MINUTE_SECONDS = 60


def start_of_minute(timestamp: float) -> float:
    """Return the beginning of a time's minute, in seconds since the epoch."""
    return timestamp // MINUTE_SECONDS * MINUTE_SECONDS


class ExactDimensions(dict[str, str]):
    """The dimensions of a query: true even if there are none, so that "none" is a condition too."""

    def __bool__(self) -> bool:
        return True
