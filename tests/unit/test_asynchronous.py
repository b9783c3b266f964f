"""What becomes of an event: attempts, retries, records. With a clock that doesn't wait."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

from labsupport.localcloud.lambda_service.asynchronous import (
    AsyncEvent,
    AsyncInvocations,
    AsyncSettings,
    Attempt,
    dead_letter,
)

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
FAILURE = Attempt(response={"errorType": "E", "errorMessage": "broken"}, function_error="Unhandled")
SUCCESS = Attempt(response="fine")


class Story:
    """Replay attempts and write down what was sent where."""

    def __init__(self, *attempts: Attempt | None, **settings: Any) -> None:
        self.attempts = list(attempts)
        self.tried: list[AsyncEvent] = []
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.dead: list[tuple[str, Attempt]] = []
        self.done = threading.Event()
        self.invocations = AsyncInvocations(
            run=self._run,
            settings=lambda event: AsyncSettings(**settings),
            deliver=lambda event, arn, record: self.sent.append((arn, record)),
            deliver_dead_letter=lambda event, arn, attempt: self.dead.append((arn, attempt)),
            retry_seconds=(0.001, 0.002),
            on_change=self._on_change,
        )

    def _run(self, event: AsyncEvent) -> Attempt | None:
        self.tried.append(event)
        return self.attempts.pop(0)

    def _on_change(self) -> None:
        if not self.invocations.pending():
            self.done.set()

    def tell(self, **event: Any) -> Story:
        self.invocations.submit(AsyncEvent("id-1", ARN, {"key": 1}, **event))
        assert self.done.wait(5)
        return self


def test_a_success_is_tried_once_and_told_to_on_success() -> None:
    story = Story(SUCCESS, on_success="arn:success", on_failure="arn:failure").tell()
    ((destination, record),) = story.sent
    assert destination == "arn:success"
    assert record["requestContext"]["condition"] == "Success"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responsePayload"] == "fine" and "functionError" not in record["responseContext"]


def test_a_failure_is_tried_three_times_with_the_same_request_id() -> None:
    story = Story(FAILURE, FAILURE, FAILURE, on_failure="arn:failure").tell()
    assert [event.request_id for event in story.tried] == ["id-1"] * 3
    ((destination, record),) = story.sent
    assert destination == "arn:failure"
    assert record["requestPayload"] == {"key": 1}
    assert record["responsePayload"] == FAILURE.response
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert record["requestContext"] == {
        "requestId": "id-1",
        "functionArn": f"{ARN}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }


def test_without_retries_the_count_is_one() -> None:
    story = Story(FAILURE, retries=0, on_failure="arn:failure").tell()
    assert story.sent[0][1]["requestContext"]["approximateInvokeCount"] == 1


def test_a_retry_that_succeeds_is_a_success() -> None:
    story = Story(FAILURE, SUCCESS, on_success="arn:success", on_failure="arn:failure").tell()
    assert [arn for arn, _ in story.sent] == ["arn:success"]


def test_a_dead_letter_queue_gets_the_event_alone() -> None:
    story = Story(FAILURE, retries=0, dead_letter_queue="arn:queue").tell()
    assert story.sent == [] and story.dead == [("arn:queue", FAILURE)]
    body, attributes = dead_letter(story.tried[0], FAILURE)
    assert body == '{"key": 1}'
    assert attributes == {"RequestID": "id-1", "ErrorCode": "200", "ErrorMessage": "broken"}


def test_an_event_that_is_too_old_is_not_tried_again() -> None:
    story = Story(FAILURE, maximum_age_seconds=60, on_failure="arn:failure").tell(accepted=time.time() - 61)
    assert story.sent[0][1]["requestContext"]["condition"] == "EventAgeExceeded"
    assert len(story.tried) == 1


def test_a_throttled_event_is_no_attempt(monkeypatch: Any) -> None:
    from labsupport.localcloud.lambda_service import asynchronous

    monkeypatch.setattr(asynchronous, "FIRST_THROTTLE_SECONDS", 0.001)
    throttled = Attempt(throttled=True)
    story = Story(throttled, throttled, throttled, throttled, SUCCESS, on_success="arn:success").tell()
    assert story.sent[0][1]["requestContext"]["approximateInvokeCount"] == 1


def test_a_reservation_of_zero_gives_events_up_at_once() -> None:
    throttled = Attempt(response={"message": "Rate Exceeded."}, throttled=True)
    settings = {"on_failure": "arn:failure", "dead_letter_queue": "arn:queue", "has_zero_reserved": True}
    story = Story(throttled, **settings).tell()
    ((_, record),) = story.sent
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert record["requestPayload"] == {"key": 1} and "responsePayload" not in record, "it never ran"
    assert dead_letter(story.tried[0], story.dead[0][1])[1]["ErrorCode"] == "429"


def test_an_event_of_a_recursive_loop_is_not_tried_again() -> None:
    story = Story(replace(FAILURE, recursive=True), on_failure="arn:failure").tell()
    assert len(story.tried) == 1 and len(story.sent) == 1


def test_a_function_that_is_gone_ends_it() -> None:
    assert Story(None, on_failure="arn:failure").tell().sent == []


def test_an_event_that_waits_for_its_retry_is_pending_until_it_is_done() -> None:
    story = Story(FAILURE, SUCCESS)
    story.invocations._retry_seconds = (60,)
    story.invocations.submit(AsyncEvent("id-1", ARN, None))
    while not (waiting := story.invocations.pending()) or waiting[0].attempts == 0:
        time.sleep(0.001)
    story.invocations.close()  # the cloud stops: the event stays, with its count
    assert [event.attempts for event in story.invocations.pending()] == [1]
