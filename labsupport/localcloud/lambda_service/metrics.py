"""What Lambda tells CloudWatch about invocations: the metrics of the namespace AWS/Lambda.

A metric is told several times, with different dimensions, as CloudWatch's console shows them: across all
functions, by function name, by resource (the function, alias or version that the caller named) and, for an
alias, by executed version. Its time is when the function was invoked.

Known cost: about twenty numbers for each invocation, added up in memory, before the caller has its answer.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
"""

from __future__ import annotations

import enum
import functools
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from labsupport.localcloud.lambda_service.function import Function, InvocationResult


class View(enum.Enum):
    """The combinations of dimensions, by the names that CloudWatch's console gives them."""

    ACROSS_ALL_FUNCTIONS = enum.auto()
    BY_FUNCTION_NAME = enum.auto()
    BY_RESOURCE = enum.auto()
    BY_EXECUTED_VERSION = enum.auto()


EVERY_VIEW = tuple(View)
CONCURRENCY_VIEWS = (View.ACROSS_ALL_FUNCTIONS, View.BY_FUNCTION_NAME, View.BY_RESOURCE)
PROVISIONED_VIEWS = (View.BY_FUNCTION_NAME, View.BY_RESOURCE)


class Kind(NamedTuple):
    """A metric's unit, and the views that it is told in."""

    unit: str
    views: Sequence[View]


METRICS = {
    "Invocations": Kind("Count", EVERY_VIEW),
    "Errors": Kind("Count", EVERY_VIEW),
    "Throttles": Kind("Count", EVERY_VIEW),
    "Duration": Kind("Milliseconds", EVERY_VIEW),
    "ConcurrentExecutions": Kind("Count", CONCURRENCY_VIEWS),
    "UnreservedConcurrentExecutions": Kind("Count", (View.ACROSS_ALL_FUNCTIONS,)),
    "ProvisionedConcurrentExecutions": Kind("Count", PROVISIONED_VIEWS),
    "ProvisionedConcurrencyInvocations": Kind("Count", PROVISIONED_VIEWS),
    "ProvisionedConcurrencySpilloverInvocations": Kind("Count", PROVISIONED_VIEWS),
    "ProvisionedConcurrencyUtilization": Kind("Percent", (View.BY_RESOURCE,)),
    "AsyncEventsReceived": Kind("Count", CONCURRENCY_VIEWS),
    "AsyncEventAge": Kind("Milliseconds", CONCURRENCY_VIEWS),
    "AsyncEventsDropped": Kind("Count", CONCURRENCY_VIEWS),
    "DeadLetterErrors": Kind("Count", CONCURRENCY_VIEWS),
    "DestinationDeliveryFailures": Kind("Count", CONCURRENCY_VIEWS),
    "RecursiveInvocationsDropped": Kind("Count", CONCURRENCY_VIEWS),
}


@dataclass(frozen=True, eq=False)
class Series:
    """One metric with its dimensions, of an account and Region; each is one object."""

    account: str
    region: str
    name: str
    unit: str
    dimensions: Mapping[str, str]
    namespace: str = "AWS/Lambda"


# Add a value to a series, with a time in seconds since the epoch. It must be quick: a caller waits.
WriteMetric = Callable[[Series, float, float], None]


@dataclass(frozen=True)
class Subject:
    """Whom a metric is about.

    Attributes:
        account, region, name: of the function.
        qualifier: the alias or version that the caller named, or None.
        version: the one that ran, or None where none has.
    """

    account: str
    region: str
    name: str
    qualifier: str | None = None
    version: str | None = None
    _series: dict[str, list[Series]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    @functools.lru_cache(maxsize=1024)
    def of(cls, invoked_arn: str, version: str | None = None) -> Subject:
        """Return the subject of an invocation: a function's ARN with the caller's qualifier, if any."""
        _, _, _, region, account, _, name, *qualifier = invoked_arn.split(":")
        return cls(account, region, name, qualifier[0] if qualifier else None, version)

    @property
    def resource(self) -> str:
        """The dimension Resource: the function, or one alias or version of it."""
        return f"{self.name}:{self.qualifier}" if self.qualifier else self.name

    @functools.cached_property
    def dimensions(self) -> dict[View, Mapping[str, str]]:
        """The dimensions of each view that there is for this subject."""
        by_name = {"FunctionName": self.name}
        by_resource = {**by_name, "Resource": self.resource}
        views: dict[View, Mapping[str, str]] = {
            View.ACROSS_ALL_FUNCTIONS: {},
            View.BY_FUNCTION_NAME: by_name,
            View.BY_RESOURCE: by_resource,
        }
        if self.version and self.qualifier not in (None, self.version):  # an alias
            views[View.BY_EXECUTED_VERSION] = {**by_resource, "ExecutedVersion": self.version}
        return views

    def series(self, name: str) -> list[Series]:
        """Return a metric's series, in the order of its views."""
        if name not in self._series:
            unit, views = METRICS[name]
            found = [self.dimensions[view] for view in views if view in self.dimensions]
            self._series[name] = [Series(self.account, self.region, name, unit, each) for each in found]
        return self._series[name]


class LambdaMetrics:
    """Count invocations and what becomes of them. Called from any thread."""

    def __init__(self, write_metric: WriteMetric, *, clock: Callable[[], float] = time.time) -> None:
        """Write with `write_metric`; `clock` returns seconds since the epoch."""
        self._write_metric, self._clock = write_metric, clock
        self._running: Counter[tuple[str, ...]] = Counter()
        self._lock = threading.Lock()

    def invoke(
        self,
        run: Callable[[], InvocationResult],
        function: Function,
        *,
        reserved: bool = False,
        provisioned: int = 0,
    ) -> InvocationResult:
        """Invoke a function with `run`, and count it.

        Args:
            run: invokes it.
            function: the version that runs.
            reserved: the function has reserved concurrency.
            provisioned: how much provisioned concurrency its version has.
        """
        subject, started = Subject.of(function.invoked_arn, function.version), self._clock()
        running = self._begin(subject, reserved)
        self._concurrency(subject, running, reserved, started)
        try:
            result = run()
        finally:
            self._end(subject, reserved)
        self._tell(subject, "Invocations", 1, started)
        self._tell(subject, "Errors", int(result.error is not None), started)
        self._tell(subject, "Throttles", 0, started)
        self._tell(subject, "Duration", round(result.duration_ms, 2), started)
        if provisioned:
            self._provisioned(subject, result, provisioned, started)
        return result

    def throttled(self, subject: Subject) -> None:
        """Count a request that was refused: it is no invocation."""
        self._tell(subject, "Throttles", 1)

    def async_event_received(self, subject: Subject) -> None:
        """Count an event that was queued."""
        self._tell(subject, "AsyncEventsReceived", 1)

    def async_event_age(self, subject: Subject, seconds: float) -> None:
        """Tell how long an event has been in the queue when the function is invoked with it."""
        self._tell(subject, "AsyncEventAge", round(seconds * 1000))

    def async_event_dropped(self, subject: Subject) -> None:
        """Count an event that is given up without a success."""
        self._tell(subject, "AsyncEventsDropped", 1)

    def dead_letter_error(self, subject: Subject) -> None:
        """Count an event that could not be sent to the dead-letter queue."""
        self._tell(subject, "DeadLetterErrors", 1)

    def destination_delivery_failure(self, subject: Subject) -> None:
        """Count a record that could not be sent to a destination."""
        self._tell(subject, "DestinationDeliveryFailures", 1)

    def recursive_invocation_dropped(self, subject: Subject) -> None:
        """Count an invocation that was stopped because it is part of a loop."""
        self._tell(subject, "RecursiveInvocationsDropped", 1)

    def _begin(self, subject: Subject, reserved: bool) -> list[int]:
        """Return how many run now, with this one, by the keys of `_counters`."""
        with self._lock:
            counters = _counters(subject, reserved)
            self._running.update(counters)
            return [self._running[counter] for counter in counters]

    def _end(self, subject: Subject, reserved: bool) -> None:
        with self._lock:
            for counter in _counters(subject, reserved):
                self._running[counter] -= 1
                if not self._running[counter]:
                    del self._running[counter]

    def _concurrency(
        self, subject: Subject, running: Sequence[int], reserved: bool, timestamp: float
    ) -> None:
        for series, count in zip(subject.series("ConcurrentExecutions"), running, strict=False):
            self._write_metric(series, count, timestamp)
        if not reserved:
            self._tell(subject, "UnreservedConcurrentExecutions", running[-1], timestamp)

    def _provisioned(
        self, subject: Subject, result: InvocationResult, provisioned: int, timestamp: float
    ) -> None:
        in_use = result.provisioned_in_use
        self._tell(subject, "ProvisionedConcurrencyInvocations", int(result.provisioned), timestamp)
        self._tell(
            subject, "ProvisionedConcurrencySpilloverInvocations", int(not result.provisioned), timestamp
        )
        self._tell(subject, "ProvisionedConcurrentExecutions", in_use, timestamp)
        self._tell(subject, "ProvisionedConcurrencyUtilization", in_use / provisioned, timestamp)

    def _tell(self, subject: Subject, name: str, value: float, timestamp: float | None = None) -> None:
        when = self._clock() if timestamp is None else timestamp
        for series in subject.series(name):
            self._write_metric(series, value, when)


def _counters(subject: Subject, reserved: bool) -> list[tuple[str, ...]]:
    """Return the keys under which a running invocation counts, in the order of CONCURRENCY_VIEWS."""
    region = (subject.account, subject.region)
    counters = [region, (*region, subject.name), (*region, subject.name, subject.resource)]
    return counters if reserved else [*counters, (*region, "", "unreserved")]
