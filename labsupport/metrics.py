"""What CloudWatch knows about a function: Lambda's metrics, minute by minute.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from labsupport.target import Target
from labsupport.waiting import wait_until

NAMESPACE = "AWS/Lambda"
PERIOD = timedelta(minutes=1)
LOOK_BACK = timedelta(hours=3)


@dataclass(frozen=True)
class Datapoint:
    """One minute of a metric.

    Attributes:
        time: the minute's beginning, UTC.
        samples: how many values came in it.
        sum, minimum, maximum: of these values.
    """

    time: datetime
    samples: float
    sum: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Metric:
    """A metric of a function.

    Attributes:
        function_name: full name.
        name: AWS's name of the metric, such as "Invocations".
        unit: such as "Count" or "Milliseconds".
        datapoints: the minutes that have values, in the order of their time.
    """

    function_name: str
    name: str
    unit: str
    datapoints: tuple[Datapoint, ...]

    @property
    def samples(self) -> float:
        """How many values there are."""
        return sum(point.samples for point in self.datapoints)

    @property
    def sum(self) -> float:
        """The values added up: what to read of a metric that counts."""
        return sum(point.sum for point in self.datapoints)

    @property
    def average(self) -> float:
        """The average value: what to read of a duration."""
        return self.sum / self.samples

    @property
    def minimum(self) -> float:
        """The smallest value."""
        return min(point.minimum for point in self.datapoints)

    @property
    def maximum(self) -> float:
        """The largest value: what to read of a metric of concurrency."""
        return max(point.maximum for point in self.datapoints)

    def __repr__(self) -> str:
        numbers = f"Sum {self.sum:g}, Average {self.average:g}, Maximum {self.maximum:g}"
        return f"{self.name} of {self.function_name}: {numbers} ({self.unit}, {self.samples:g} samples)"


def read_metric(
    target: Target,
    function_name: str,
    name: str,
    *,
    qualifier: str | None = None,
    since: datetime | None = None,
) -> Metric | None:
    """Return a metric of a function as it is now, or None where CloudWatch has no value yet.

    Args:
        target: where.
        function_name: full name of the function.
        name: AWS's name of the metric.
        qualifier: only what was invoked by this alias or version.
        since: from this time's minute on; by default three hours ago.
    """
    dimensions = {"FunctionName": function_name} | (
        {"Resource": f"{function_name}:{qualifier}"} if qualifier else {}
    )
    now = datetime.now(UTC)
    with target.tape.plumbing():
        answer = target.client("cloudwatch").get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=since or now - LOOK_BACK,
            EndTime=now + PERIOD,  # the minute that is under way, too
            Period=int(PERIOD.total_seconds()),
            Statistics=["SampleCount", "Sum", "Minimum", "Maximum"],
        )
    found = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    if not found:
        return None
    datapoints = (
        Datapoint(point["Timestamp"], point["SampleCount"], point["Sum"], point["Minimum"], point["Maximum"])
        for point in found
    )
    return Metric(function_name, name, found[0]["Unit"], tuple(datapoints))


def wait_for_metric(
    target: Target,
    function_name: str,
    name: str,
    *,
    qualifier: str | None = None,
    since: datetime | None = None,
    at_least: float = 0,
    timeout_seconds: float = 300,
) -> Metric:
    """Wait until CloudWatch has values of a metric, and return it. On AWS that takes a minute or two.

    Args:
        target, function_name, name, qualifier, since: see `read_metric`.
        at_least: wait until the values' sum is at least this.
        timeout_seconds: how long to wait.

    Raises:
        DeployError: there were none within the time, or their sum was too small.
    """

    def find() -> Metric | None:
        metric = read_metric(target, function_name, name, qualifier=qualifier, since=since)
        return metric if metric is not None and metric.sum >= at_least else None

    enough = f"a sum of {at_least:g} in" if at_least else "values of"
    return wait_until(
        find,
        doing=f"waiting for {enough} the metric {name} of {function_name}",
        timeout_seconds=timeout_seconds,
        next_step="Check the metric's name, and that the function was invoked. Then run the cell again.",
    )
