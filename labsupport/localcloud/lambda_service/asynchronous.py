"""Asynchronous invocation: the caller is told 202 and goes; Lambda runs, retries, and tells a destination.

An event that was accepted is not forgotten: `pending` is saved with the rest of the state, and events that
were waiting when the cloud stopped are run after its next start. As on AWS, an event may therefore run
twice, and a handler must be idempotent.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import contextvars
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

logger = logging.getLogger(__name__)

# AWS waits one minute before the first retry and two before the second. A lesson can't: by default the
# local cloud waits seconds instead, and the notebooks say so. LAB_RETRY_INTERVALS=aws waits as AWS does.
AWS_RETRY_SECONDS = (60.0, 120.0)
LAB_RETRY_SECONDS = (1.0, 2.0)
# Throttled events go back to the queue: AWS starts with one second and ends at five minutes.
FIRST_THROTTLE_SECONDS, LAST_THROTTLE_SECONDS = 1.0, 300.0


@dataclass(frozen=True)
class AsyncEvent:
    """An event that was accepted, how often it has been tried, and the trace header that came with it."""

    request_id: str
    function_arn: str
    payload: Any
    accepted: float = field(default_factory=time.time)
    attempts: int = 0
    trace: str | None = None


@dataclass(frozen=True)
class AsyncSettings:
    """What is configured for a function's asynchronous events, and whether the function is stopped."""

    retries: int = 2
    maximum_age_seconds: int = 21_600
    on_success: str | None = None
    on_failure: str | None = None
    dead_letter_queue: str | None = None
    has_zero_reserved: bool = False


@dataclass(frozen=True)
class Attempt:
    """What one attempt came to. `function_error` is None for a success.

    `throttled` counts as no attempt; after `recursive` there is no other one.
    """

    response: Any = None
    function_error: str | None = None
    throttled: bool = False
    recursive: bool = False
    executed_version: str = "$LATEST"


# Deliver (destination ARN, destination record) or (queue ARN, event) on behalf of a function.
Deliver = Callable[[AsyncEvent, str, dict[str, Any]], None]


class AsyncInvocations:
    """The queue in front of a function, and what happens to an event in it."""

    def __init__(
        self,
        *,
        run: Callable[[AsyncEvent], Attempt | None],
        settings: Callable[[AsyncEvent], AsyncSettings],
        deliver: Deliver,
        deliver_dead_letter: Callable[[AsyncEvent, str, Attempt], None],
        on_drop: Callable[[AsyncEvent], None] = lambda event: None,
        retry_seconds: Sequence[float] = LAB_RETRY_SECONDS,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`run` tries an event once and returns None when the function is gone; `on_drop` takes lost ones."""
        self._run, self._settings = run, settings
        self._deliver, self._deliver_dead_letter, self._on_drop = deliver, deliver_dead_letter, on_drop
        self._retry_seconds, self._on_change = retry_seconds, on_change
        self._pending: dict[str, AsyncEvent] = {}
        self._closing = threading.Event()

    def submit(self, event: AsyncEvent) -> None:
        """Accept an event. Returns at once; a thread sees it through."""
        self._pending[event.request_id] = event
        work = contextvars.copy_context()
        threading.Thread(target=work.run, args=(self._see_through, event), daemon=True).start()

    def pending(self) -> list[AsyncEvent]:
        """Return the events that are not done yet."""
        return list(self._pending.values())

    def close(self) -> None:
        """Let the events that wait for a retry wait for the next start of the cloud."""
        self._closing.set()

    def _see_through(self, event: AsyncEvent) -> None:
        try:
            done = self._work(event)
        except Exception:
            logger.exception("The asynchronous invocation %s was lost.", event.request_id)
            done = True
        if done:
            self._pending.pop(event.request_id, None)
            self._on_change()

    def _work(self, event: AsyncEvent) -> bool:
        """Try, wait, try again. Returns False when the cloud stops before the event is done."""
        throttle_seconds = FIRST_THROTTLE_SECONDS
        while True:
            attempt = self._run(event)
            if self._closing.is_set() and (attempt is None or attempt.function_error or attempt.throttled):
                return False
            if attempt is None:
                return True
            settings = self._settings(event)
            if attempt.throttled and settings.has_zero_reserved:
                # "Lambda begins sending new events to the configured dead-letter queue or the on-failure
                # event destination, without any retries" (invocation-async-retain-records).
                self._give_up(event, settings, "ZeroReservedConcurrency", attempt)
                return True
            if attempt.throttled:
                pause, throttle_seconds = throttle_seconds, min(throttle_seconds * 2, LAST_THROTTLE_SECONDS)
            else:
                event = replace(event, attempts=event.attempts + 1)
                if attempt.function_error is None:
                    self._tell(event, settings.on_success, "Success", attempt)
                    return True
                if attempt.recursive or event.attempts > settings.retries:
                    self._give_up(event, settings, "RetriesExhausted", attempt)
                    return True
                pause = self._retry_seconds[min(event.attempts, len(self._retry_seconds)) - 1]
            if time.time() + pause - event.accepted > settings.maximum_age_seconds:
                self._give_up(event, settings, "EventAgeExceeded", attempt)
                return True
            self._pending[event.request_id] = event
            self._on_change()
            if self._closing.wait(pause):
                return False

    def _give_up(self, event: AsyncEvent, settings: AsyncSettings, condition: str, attempt: Attempt) -> None:
        self._tell(event, settings.on_failure, condition, attempt)
        if settings.dead_letter_queue:
            self._deliver_dead_letter(event, settings.dead_letter_queue, attempt)
        self._on_drop(event)

    def _tell(self, event: AsyncEvent, destination: str | None, condition: str, attempt: Attempt) -> None:
        if destination:
            self._deliver(event, destination, destination_record(event, condition, attempt))


def destination_record(event: AsyncEvent, condition: str, attempt: Attempt) -> dict[str, Any]:
    """Return the record that a destination gets: the event, why it ended, and the answer if it ever ran."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": now,
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": qualified(event.function_arn, attempt.executed_version),
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": event.payload,
    }
    if not attempt.throttled:
        record["responseContext"] = {"statusCode": 200, "executedVersion": attempt.executed_version}
        if attempt.function_error:
            record["responseContext"]["functionError"] = attempt.function_error
        record["responsePayload"] = attempt.response
    return record


def dead_letter(event: AsyncEvent, attempt: Attempt) -> tuple[str, dict[str, str]]:
    """Return what a dead-letter queue gets: the event alone, and three message attributes."""
    response = attempt.response if isinstance(attempt.response, dict) else {}
    attributes = {
        "RequestID": event.request_id,
        "ErrorCode": "429" if attempt.throttled else "200",
        "ErrorMessage": str(response.get("errorMessage") or response.get("message", ""))[:1024],
    }
    return json.dumps(event.payload), attributes


def qualified(function_arn: str, version: str) -> str:
    """Return the ARN with a version, unless it has a qualifier already."""
    return function_arn if function_arn.count(":") > 6 else f"{function_arn}:{version}"
