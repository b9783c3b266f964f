"""A shard of a stream, as Lambda reads it for a function: in order, one batch after the other.

A batch that fails is tried again, and what comes behind it waits: with the settings that a mapping has by
itself, one bad record blocks its shard until it expires. `MaximumRetryAttempts`, `MaximumRecordAgeInSeconds`
and `BisectBatchOnFunctionError` end that, and a function that reports the first record that failed
(`ReportBatchItemFailures`) has only the rest tried again. Neither splitting a batch nor throttling costs a
retry.

https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
TOO_OLD = "RecordAgeExceeded"
# AWS's pages don't say how long Lambda waits. Here it is a quarter of a second, then twice as long each time.
FIRST_WAIT_SECONDS, LAST_WAIT_SECONDS = 0.25, 5.0


@dataclass(frozen=True)
class StreamSettings:
    """What a mapping says. -1 means without a limit."""

    batch_size: int = 100
    window_seconds: int = 0
    retries: int = -1
    maximum_age_seconds: int = -1
    bisects: bool = False
    reports_failures: bool = False


@dataclass(frozen=True)
class StreamRecord:
    """A record: where it stands in its shard, when it came (seconds since 1970), what the handler gets."""

    position: int
    sequence_number: str
    arrived: float
    event: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to. `function_error` is None for a success; `throttled` was no invocation."""

    response: Any = None
    function_error: str | None = None
    throttled: bool = False
    executed_version: str = "$LATEST"


@dataclass(frozen=True)
class Batch:
    """Records that are handed over together.

    Attributes:
        end: the position behind the last record, also of those that no filter let through.
        failures: how many tries have failed.
        invocations: how often the function has been invoked with these records.
        last: what the last invocation came to.
    """

    records: tuple[StreamRecord, ...]
    end: int
    failures: int = 0
    invocations: int = 0
    last: Outcome | None = None


@dataclass(frozen=True)
class Discarded:
    """Records that Lambda gives up, and why."""

    batch: Batch
    condition: str


# Reads (position, at most so many): records that pass the filters, and the position behind what was read.
Read = Callable[[int, int], tuple[Sequence[StreamRecord], int]]


class Shard:
    """One shard, at the position up to which everything has been handled or given up."""

    def __init__(self, position: int) -> None:
        """Begin to read at a position."""
        self.position = position
        self._waiting: deque[Batch] = deque()
        self._window_ends: float | None = None
        self._not_before = 0.0

    @property
    def not_before(self) -> float:
        """Return when the next batch may be handed over, in seconds since the epoch."""
        return self._not_before

    def next_batch(self, read: Read, settings: StreamSettings, now: float) -> Batch | None:
        """Return the batch that is to be handed over now, or None."""
        if now < self._not_before:
            return None
        if not self._waiting and (gathered := self._gather(read, settings, now)):
            self._waiting.append(gathered)
        return self._waiting[0] if self._waiting else None

    def give_up_old(self, settings: StreamSettings, now: float) -> Discarded | None:
        """Take the records that are too old off the first batch."""
        if settings.maximum_age_seconds < 0:
            return None
        batch = self._waiting[0]
        oldest = now - settings.maximum_age_seconds
        old = tuple(record for record in batch.records if record.arrived < oldest)
        if not old:
            return None
        young = batch.records[len(old) :]
        end = young[0].position if young else batch.end
        self._waiting.popleft()
        self._go_on_with([replace(batch, records=young)] if young else [], end)
        return Discarded(replace(batch, records=old, end=end), TOO_OLD)

    def finish(self, outcome: Outcome, settings: StreamSettings, now: float) -> Discarded | None:
        """Take what an invocation with the first batch came to; return what Lambda gives up after it."""
        batch = self._waiting.popleft()
        if outcome.throttled:
            self._waiting.appendleft(batch)
            self._not_before = now + LAST_WAIT_SECONDS / 5
            return None
        batch = replace(batch, invocations=batch.invocations + 1, last=outcome)
        first_failed = _first_failed(batch, outcome, reports=settings.reports_failures)
        if first_failed is None:
            self._go_on_with([], batch.end)
            return None
        rest = replace(batch, records=batch.records[first_failed:])
        if settings.bisects and (halves := _split(rest, was_partial=first_failed > 0)):
            self._go_on_with(halves, rest.records[0].position)
            return None
        rest = replace(rest, failures=rest.failures + 1)
        if 0 <= settings.retries < rest.failures:
            self._go_on_with([], rest.end)
            return Discarded(rest, RETRIES_EXHAUSTED)
        self._go_on_with([rest], rest.records[0].position)
        wait = FIRST_WAIT_SECONDS * 2 ** min(rest.failures - 1, 10)
        self._not_before = now + min(wait, LAST_WAIT_SECONDS)
        return None

    def _gather(self, read: Read, settings: StreamSettings, now: float) -> Batch | None:
        records, end = read(self.position, settings.batch_size)
        if not records:
            self.position, self._window_ends = end, None
            return None
        if settings.window_seconds and end - self.position < settings.batch_size:
            self._window_ends = self._window_ends or now + settings.window_seconds
            if now < self._window_ends:
                return None
        self._window_ends = None
        return Batch(tuple(records), end)

    def _go_on_with(self, batches: Sequence[Batch], position: int) -> None:
        self._waiting.extendleft(reversed(batches))
        self.position = position


def _split(batch: Batch, *, was_partial: bool) -> list[Batch]:
    """Return what is tried next: the records behind those that were handled, or the two halves of all."""
    if was_partial:
        return [batch]
    middle = len(batch.records) // 2
    if not middle:
        return []
    first, second = batch.records[:middle], batch.records[middle:]
    return [replace(batch, records=first, end=second[0].position), replace(batch, records=second)]


def _first_failed(batch: Batch, outcome: Outcome, *, reports: bool) -> int | None:
    """Return the index of the first record that failed, or None if all were handled.

    The lowest sequence number counts. A report that names none of the batch's records is a failure of all.
    """
    if outcome.function_error:
        return 0
    failures = outcome.response.get("batchItemFailures") if isinstance(outcome.response, dict) else None
    if not reports or not failures:
        return None
    numbers = [record.sequence_number for record in batch.records]
    try:
        return min(numbers.index(failure["itemIdentifier"]) for failure in failures)
    except (KeyError, TypeError, ValueError):
        return 0
