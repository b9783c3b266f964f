"""In which order a shard's records are handed over, tried again, and given up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labsupport.localcloud.lambda_service import discarded_records
from labsupport.localcloud.lambda_service.stream_batches import (
    Discarded,
    Outcome,
    Shard,
    StreamRecord,
    StreamSettings,
)

STREAM = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-11-25T00:00:00.000"


class Stream:
    """A shard of numbered records, a clock, and a handler that fails for some numbers."""

    def __init__(self, count: int, *, poison: Sequence[int] = (), **settings: Any) -> None:
        self.count, self.poison = count, set(poison)
        self.settings = StreamSettings(**settings)
        self.shard, self.now = Shard(0), 1000.0
        self.invoked: list[list[int]] = []
        self.given_up: list[Discarded] = []

    def read(self, position: int, most: int) -> tuple[list[StreamRecord], int]:
        end = min(position + most, self.count)
        return [StreamRecord(n, str(n), 1000.0 + n, {"n": n}) for n in range(position, end)], end

    def handle(self, numbers: list[int]) -> Outcome:
        failed = [n for n in numbers if n in self.poison]
        if not failed:
            return Outcome()
        if self.settings.reports_failures:
            return Outcome(response={"batchItemFailures": [{"itemIdentifier": str(n)} for n in failed]})
        return Outcome(function_error="Unhandled")

    def step(self) -> None:
        """Do what there is to do, and go on to when the shard wants to be looked at again."""
        if self.shard.next_batch(self.read, self.settings, self.now):
            given_up = self.shard.give_up_old(self.settings, self.now)
            batch = None if given_up else self.shard.next_batch(self.read, self.settings, self.now)
            if batch:
                self.invoked.append([record.position for record in batch.records])
                given_up = self.shard.finish(self.handle(self.invoked[-1]), self.settings, self.now)
            self.given_up += [given_up] if given_up else []
        self.now = max(self.now, self.shard.not_before)

    def run(self, steps: int = 30) -> None:
        for _ in range(steps):
            self.step()

    def discarded(self) -> list[tuple[list[int], str, int]]:
        return [
            ([record.position for record in each.batch.records], each.condition, each.batch.invocations)
            for each in self.given_up
        ]


def test_records_come_in_order_and_in_batches() -> None:
    stream = Stream(5, batch_size=2)
    stream.run()
    assert stream.invoked == [[0, 1], [2, 3], [4]]
    assert stream.shard.position == 5


def test_by_itself_a_bad_record_blocks_its_shard() -> None:
    stream = Stream(4, poison=[1], batch_size=2)
    stream.run(50)
    assert stream.invoked == [[0, 1]] * 50
    assert stream.shard.position == 0
    assert stream.given_up == []
    assert stream.now > 1100, "it waits longer and longer"


def test_after_its_retries_a_batch_is_given_up_and_the_next_one_comes() -> None:
    stream = Stream(4, poison=[1], batch_size=2, retries=2)
    stream.run()
    assert stream.invoked == [[0, 1], [0, 1], [0, 1], [2, 3]]
    assert stream.discarded() == [([0, 1], "RetryAttemptsExhausted", 3)]


def test_no_retries_are_no_retries() -> None:
    stream = Stream(1, poison=[0], retries=0)
    stream.run()
    assert stream.invoked == [[0]]
    assert len(stream.given_up) == 1


def test_bisecting_finds_the_bad_record_and_costs_no_retry() -> None:
    stream = Stream(4, poison=[2], retries=1, bisects=True)
    stream.run()
    assert stream.invoked == [[0, 1, 2, 3], [0, 1], [2, 3], [2], [2], [3]]
    assert stream.discarded() == [([2], "RetryAttemptsExhausted", 4)]


def test_a_record_that_is_too_old_is_given_up_and_the_younger_ones_go_on() -> None:
    stream = Stream(4, maximum_age_seconds=60)
    stream.now = 1062.0  # records 0 and 1 are 62 and 61 s old
    stream.run()
    assert stream.discarded() == [([0, 1], "RecordAgeExceeded", 0)]
    assert stream.invoked == [[2, 3]]


def test_a_report_has_only_the_rest_tried_again() -> None:
    stream = Stream(4, poison=[1, 2], retries=1, reports_failures=True)
    stream.run()
    assert stream.invoked == [[0, 1, 2, 3], [1, 2, 3]], "the lowest number counts"
    assert stream.discarded() == [([1, 2, 3], "RetryAttemptsExhausted", 2)]


def test_a_report_and_bisecting_split_at_the_record_that_is_reported() -> None:
    stream = Stream(4, poison=[2], retries=0, reports_failures=True, bisects=True)
    stream.run()
    assert stream.invoked == [[0, 1, 2, 3], [2, 3], [2], [3]]
    assert stream.discarded() == [([2], "RetryAttemptsExhausted", 3)]


def test_a_report_of_nothing_we_know_is_a_failure_of_all() -> None:
    for failures in ([{"itemIdentifier": ""}], [{"itemIdentifier": None}], [{"id": "0"}], ["0"]):
        stream = Stream(2, retries=0, reports_failures=True)
        stream.handle = lambda _numbers, f=failures: Outcome(response={"batchItemFailures": f})  # type: ignore[method-assign,misc]
        stream.run()
        assert [numbers for numbers, *_ in stream.discarded()] == [[0, 1]]


def test_a_report_is_not_read_unless_the_mapping_says_so() -> None:
    stream = Stream(2)
    stream.handle = lambda _numbers: Outcome(response={"batchItemFailures": [{"itemIdentifier": "0"}]})  # type: ignore[method-assign]
    stream.run()
    assert stream.shard.position == 2


def test_throttling_costs_no_retry() -> None:
    stream = Stream(1, retries=0)
    outcomes = [Outcome(throttled=True)] * 3 + [Outcome()]
    stream.handle = lambda _numbers: outcomes.pop(0)  # type: ignore[method-assign]
    stream.run(6)
    assert outcomes == []
    assert stream.given_up == []
    assert stream.shard.position == 1


def test_a_batching_window_waits_for_more_records_or_for_its_end() -> None:
    stream = Stream(1, batch_size=3, window_seconds=10)
    stream.step()
    assert stream.invoked == [], "one record, and the window is open"
    stream.count, stream.now = 2, 1009.0
    stream.step()
    assert stream.invoked == []
    stream.now = 1010.0
    stream.step()
    assert stream.invoked == [[0, 1]]
    stream.count = 5
    stream.step()
    assert stream.invoked == [[0, 1], [2, 3, 4]], "a full batch waits for nothing"


def test_the_document_is_the_pages() -> None:
    stream = Stream(2, poison=[0], retries=0)
    stream.run()
    source = discarded_records.Source(STREAM, "shardId-1", "arn:aws:lambda:us-east-1:123456789012:function:f")
    told = discarded_records.document(source, stream.given_up[0], request_id="r", now=1573690429.717)
    assert told == {
        "requestContext": {
            "requestId": "r",
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 1,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2019-11-14T00:13:49.717Z",
        "DDBStreamBatchInfo": {
            "shardId": "shardId-1",
            "startSequenceNumber": "0",
            "endSequenceNumber": "1",
            "approximateArrivalOfFirstRecord": "1970-01-01T00:16:40Z",
            "approximateArrivalOfLastRecord": "1970-01-01T00:16:41Z",
            "batchSize": 2,
            "streamArn": STREAM,
        },
    }
