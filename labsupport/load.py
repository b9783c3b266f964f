"""Load on purpose: many calls of a function at the same time, or a number of them each second.

boto3 sends a call again when Lambda answers 429, so a program sees less throttling than there is. Here that
is switched off unless it is asked for, and each 429 is noted either way.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from labsupport.burst import Burst, BurstCall
from labsupport.invocation import Invocation, invoke_function
from labsupport.logs import LogEvents, parse_report
from labsupport.target import Target

FRAME_SECONDS = 0.2
"""How often somebody who watches is told."""

Watch = Callable[[Burst], object]


def invoke_at_once(
    target: Target,
    name: str,
    payloads: Sequence[Any],
    *,
    every_seconds: float = 0.0,
    attempts: int = 1,
    watch: Watch | None = None,
) -> Burst:
    """Invoke a function with each payload, all at once or one after the other, and wait for all answers.

    Args:
        target: where.
        name: full name or ARN of the function, with a qualifier if need be. What it returns should tell its
            `environment` (context.log_stream_name) and how that was `initialized`
            (AWS_LAMBDA_INITIALIZATION_TYPE), as functions/busy does.
        payloads: the events, one for each call.
        every_seconds: the time from one call to the next.
        attempts: how often boto3 sends a call that Lambda refuses: 1 is once. Between two attempts it waits,
            longer each time and by chance (exponential backoff with jitter).
        watch: is called with the burst again and again while it goes on, and once when it is over.

    Raises:
        botocore.exceptions.ClientError: Lambda refused a call for another reason than throttling.
    """
    client = target.client(
        "lambda",
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=len(payloads) + 1,
    )
    return _Load(client, target, name, every_seconds).run(payloads, watch or (lambda burst: None))


class _Load:
    """One burst that is under way. Each call has a thread; botocore tells it what it sends and receives."""

    def __init__(self, client: Any, target: Target, name: str, every_seconds: float) -> None:
        self._client, self._target, self._name = client, target, name
        self._every_seconds = every_seconds
        self._here = threading.local()

    def run(self, payloads: Sequence[Any], watch: Watch) -> Burst:
        burst = Burst(BurstCall(number) for number in range(len(payloads)))
        events, mark = self._client.meta.events, f"load-{id(self)}"
        events.register("before-send.lambda.Invoke", self._note_sent, unique_id=f"{mark}-sent")
        events.register("needs-retry.lambda.Invoke", self._note_answer, unique_id=f"{mark}-answer")
        self._began = time.perf_counter()
        try:
            with ThreadPoolExecutor(max(1, len(payloads))) as threads:
                running = {threads.submit(self._call, *each) for each in zip(burst, payloads, strict=True)}
                self._follow(burst, running, watch)
        finally:
            events.unregister("before-send.lambda.Invoke", unique_id=f"{mark}-sent")
            events.unregister("needs-retry.lambda.Invoke", unique_id=f"{mark}-answer")
        return burst

    def _follow(self, burst: Burst, running: set[Future[None]], watch: Watch) -> None:
        pending = running
        while pending:
            _, pending = wait(pending, timeout=FRAME_SECONDS)
            burst.seconds = self._now()
            watch(burst)
        burst.seconds = max([0.0, *(call.answered or 0.0 for call in burst), *burst.refusals])
        burst.is_over = True
        watch(burst)
        for each in running:
            each.result()  # raises what was no throttling

    def _call(self, call: BurstCall, payload: Any) -> None:
        time.sleep(max(0.0, call.number * self._every_seconds - self._now()))
        self._here.call, call.called = call, self._now()
        try:
            invocation = invoke_function(self._target, self._name, payload, client=self._client)
        except self._client.exceptions.TooManyRequestsException as error:
            call.reason = error.response.get("Reason")
        else:
            _note_result(call, invocation)
            call.answered = self._now()

    def _note_sent(self, **_: Any) -> None:
        if call := getattr(self._here, "call", None):
            call.sent = self._now()

    def _note_answer(self, response: Any, **_: Any) -> None:
        call = getattr(self._here, "call", None)
        if call and response is not None and response[0].status_code == 429:
            call.refusals.append(self._now())
            call.reason = response[1].get("Reason")

    def _now(self) -> float:
        return time.perf_counter() - self._began


def _note_result(call: BurstCall, invocation: Invocation) -> None:
    result = invocation.result if isinstance(invocation.result, dict) else {}
    call.environment = result.get("environment")
    call.provisioned = result.get("initialized") == "provisioned-concurrency"
    call.error_type = invocation.error_type
    if invocation.report:
        init_ms = invocation.report.init_ms
        call.init_seconds = None if init_ms is None else init_ms / 1000
        call.duration_seconds = invocation.report.duration_ms / 1000


def burst_in_log(events: LogEvents) -> Burst:
    """Return the invocations that a function's log tells of, such as asynchronous ones.

    The burst begins with the first of them: when an event was accepted does not stand in the log.
    """
    reports = [(event, report) for event in events if (report := parse_report(event.message))]
    ends = [event.timestamp_ms / 1000 for event, _ in reports]
    took = [(report.duration_ms + (report.init_ms or 0.0)) / 1000 for _, report in reports]
    zero = min((end - seconds for end, seconds in zip(ends, took, strict=True)), default=0.0)
    burst = Burst(
        BurstCall(
            number,
            called=end - seconds - zero,
            sent=end - seconds - zero,
            answered=end - zero,
            environment=event.stream,
            init_seconds=None if report.init_ms is None else report.init_ms / 1000,
            duration_seconds=report.duration_ms / 1000,
            error_type=report.error_type,
        )
        for number, ((event, report), end, seconds) in enumerate(zip(reports, ends, took, strict=True))
    )
    burst.seconds, burst.is_over = max((call.answered or 0.0 for call in burst), default=0.0), True
    return burst
