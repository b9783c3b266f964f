"""What Lambda tells CloudWatch, with a CloudWatch that only notes it down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from labsupport.localcloud.lambda_service.function import InvocationResult
from labsupport.localcloud.lambda_service.metrics import METRICS, LambdaMetrics, Series, Subject
from tests.conformance.conftest import make_function

Told = list[tuple[Series, float, float]]


class Notes:
    """Metrics that write into a list, at a time that stands still."""

    def __init__(self) -> None:
        self.told: Told = []
        self.metrics = LambdaMetrics(lambda *values: self.told.append(values), clock=lambda: 120.0)

    def values(self, name: str, **dimensions: str) -> list[float]:
        return [
            value for series, value, _ in self.told if (series.name, series.dimensions) == (name, dimensions)
        ]

    def names(self) -> set[str]:
        return {series.name for series, _, _ in self.told}


@pytest.fixture
def notes() -> Iterator[Notes]:
    yield Notes()


def answering(**changes: object) -> Callable[[], InvocationResult]:
    return lambda: replace(InvocationResult(b"1", None, "", duration_ms=12.3456), **changes)


def test_a_success_is_told_with_zeros_for_what_did_not_happen(notes: Notes) -> None:
    function = make_function()
    notes.metrics.invoke(answering(), function)
    own = {"FunctionName": function.name}
    expected = {"Invocations": [1], "Errors": [0], "Throttles": [0], "Duration": [12.35]}
    assert {name: notes.values(name, **own) for name in expected} == expected
    assert {series.unit for series, _, _ in notes.told if series.name == "Duration"} == {"Milliseconds"}


def test_the_time_is_when_the_function_was_invoked(notes: Notes) -> None:
    times = iter([60.0, 999.0])
    notes.metrics = LambdaMetrics(lambda *values: notes.told.append(values), clock=lambda: next(times))
    notes.metrics.invoke(answering(), make_function())
    assert {time for _, _, time in notes.told} == {60.0}


def test_an_unqualified_function_a_version_and_an_alias_have_the_documented_dimensions() -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:shop"

    def dimensions(invoked_arn: str, version: str) -> list[dict[str, str]]:
        return [dict(series.dimensions) for series in Subject.of(invoked_arn, version).series("Invocations")]

    own = {"FunctionName": "shop"}
    assert dimensions(arn, "$LATEST") == [{}, own, {**own, "Resource": "shop"}]
    assert dimensions(f"{arn}:2", "2") == [{}, own, {**own, "Resource": "shop:2"}]
    live = {**own, "Resource": "shop:live"}
    assert dimensions(f"{arn}:live", "2") == [{}, own, live, {**live, "ExecutedVersion": "2"}]


def test_a_throttle_is_nothing_else(notes: Notes) -> None:
    notes.metrics.throttled(Subject.of("arn:aws:lambda:us-east-1:1:function:shop:live", "2"))
    assert notes.names() == {"Throttles"}
    assert len(notes.told) == 4 and all(value == 1 for _, value, _ in notes.told)


@pytest.mark.parametrize(
    ("tell", "name"),
    [
        (LambdaMetrics.async_event_received, "AsyncEventsReceived"),
        (LambdaMetrics.async_event_dropped, "AsyncEventsDropped"),
        (LambdaMetrics.dead_letter_error, "DeadLetterErrors"),
        (LambdaMetrics.destination_delivery_failure, "DestinationDeliveryFailures"),
        (LambdaMetrics.recursive_invocation_dropped, "RecursiveInvocationsDropped"),
    ],
)
def test_what_is_told_by_others_is_counted_once(
    notes: Notes, tell: Callable[[LambdaMetrics, Subject], None], name: str
) -> None:
    tell(notes.metrics, Subject.of("arn:aws:lambda:us-east-1:1:function:shop"))
    assert notes.values(name, FunctionName="shop") == [1] == notes.values(name)
    assert notes.names() == {name}


def test_an_events_age_is_in_milliseconds(notes: Notes) -> None:
    notes.metrics.async_event_age(Subject.of("arn:aws:lambda:us-east-1:1:function:shop"), 1.2345)
    assert notes.values("AsyncEventAge", FunctionName="shop") == [1234]


def test_invocations_at_one_time_are_counted_up_and_down_again(notes: Notes) -> None:
    function, inside, go_on = make_function(), threading.Barrier(3), threading.Event()

    def run() -> InvocationResult:
        inside.wait(10)
        go_on.wait(10)
        return answering()()

    threads = [threading.Thread(target=notes.metrics.invoke, args=(run, function)) for _ in range(2)]
    for thread in threads:
        thread.start()
    inside.wait(10)
    other = make_function()
    notes.metrics.invoke(answering(), other, reserved=True)
    go_on.set()
    for thread in threads:
        thread.join()
    notes.metrics.invoke(answering(), function)
    assert sorted(notes.values("ConcurrentExecutions", FunctionName=function.name)) == [1, 1, 2]
    assert notes.values("ConcurrentExecutions", FunctionName=other.name) == [1]
    assert sorted(notes.values("ConcurrentExecutions")) == [1, 1, 2, 3]
    assert sorted(notes.values("UnreservedConcurrentExecutions")) == [1, 1, 2], (
        "the reserved one is not in it"
    )


def test_an_invocation_that_breaks_the_service_is_over_too(notes: Notes) -> None:
    def run() -> InvocationResult:
        raise OSError("no process")

    function = make_function()
    with pytest.raises(OSError, match="no process"):
        notes.metrics.invoke(run, function)
    notes.metrics.invoke(answering(), function)
    assert notes.values("ConcurrentExecutions", FunctionName=function.name) == [1, 1]
    assert notes.values("Invocations", FunctionName=function.name) == [1]


def test_provisioned_concurrency_is_told_for_versions_that_have_it(notes: Notes) -> None:
    function = make_function(version="1")
    function = replace(function, invoked_arn=f"{function.arn}:1")
    notes.metrics.invoke(answering(provisioned=True, provisioned_in_use=1), function, provisioned=4)
    notes.metrics.invoke(answering(provisioned_in_use=4), function, provisioned=4)
    own = {"FunctionName": function.name, "Resource": f"{function.name}:1"}
    assert notes.values("ProvisionedConcurrencyInvocations", **own) == [1, 0]
    assert notes.values("ProvisionedConcurrencySpilloverInvocations", **own) == [0, 1]
    assert notes.values("ProvisionedConcurrentExecutions", **own) == [1, 4]
    assert notes.values("ProvisionedConcurrencyUtilization", **own) == [0.25, 1]


def test_every_metric_can_be_told(notes: Notes) -> None:
    subject = Subject.of("arn:aws:lambda:us-east-1:1:function:shop:live", "2")
    for name in METRICS:
        assert subject.series(name)
