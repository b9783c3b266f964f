"""Faults between boto3 and a cloud: refused, broken, late, or done although no answer came.

An `Injector` listens to a session's events, as the tape does. Its schedule says which request meets which
fault; boto3 and labsupport don't know of it.

https://docs.aws.amazon.com/boto3/latest/guide/events.html
"""

from __future__ import annotations

import io
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from botocore.retries.standard import ExponentialBackoff

from labsupport.tape import CONTEXT_KEY

KINDS = ("throttled", "broken", "unavailable", "dropped", "late", "lost")
LATE_SECONDS = 0.05
RETRY_PAUSE_SECONDS = 0.01
# How services say it; the others say ThrottlingException, with status 400.
THROTTLES = {
    "s3": (503, "SlowDown"),
    "lambda": (429, "TooManyRequestsException"),
    "api-gateway": (429, "TooManyRequestsException"),
    "apigatewayv2": (429, "TooManyRequestsException"),
    "cognito-identity-provider": (400, "TooManyRequestsException"),
    "iam": (400, "Throttling"),
}


@dataclass(frozen=True)
class Sent:
    """One request that is about to be sent.

    Attributes:
        number: of this request, from 0. A request that boto3 sends again has a number of its own.
        service: botocore's event name of it, such as "api-gateway".
        operation: such as "CreateRestApi".
        content: where it goes and what it says, the same for what is asked again.
        plumbing: made by labsupport on the learner's behalf, as the tape says.
        once: its client sends each request once.
    """

    number: int
    service: str
    operation: str
    content: tuple[str, bytes] = ("", b"")
    plumbing: bool = True
    once: bool = False


Schedule = Callable[[Sent], str | None]
"""Says which of KINDS a request meets, or None. "404 NoSuchEntity" is a refusal of that
status and code; a message may follow."""


def no_faults(_: Sent) -> str | None:
    return None


_met = threading.local()
"""Whether the newest request of a thread met a fault."""


class Injector:
    """Let requests of a session meet faults.

    Attributes:
        schedule: may be replaced at any time.
        injected: each request that met one, and which.
        operations: of all requests, in order.
    """

    def __init__(self, events: Any, schedule: Schedule = no_faults) -> None:
        self.schedule = schedule
        self.injected: list[tuple[Sent, str]] = []
        self.operations: list[str] = []
        self._protocols: dict[str, str] = {}
        self._call = threading.local()
        self._lock = threading.Lock()
        self._http = URLLib3Session()
        events.register("before-call", self._note_call, unique_id=f"faults-{id(self)}-call")
        events.register("before-send", self._before_send, unique_id=f"faults-{id(self)}-send")

    def _note_call(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        service, noted = model.service_model, context.get(CONTEXT_KEY)
        self._protocols[service.service_id.hyphenize()] = service.resolved_protocol
        self._call.plumbing = noted is None or noted.plumbing
        self._call.once = (context["client_config"].retries or {}).get("total_max_attempts") == 1

    def _before_send(self, event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        _, service, operation = event_name.split(".")
        with self._lock:
            content = request.url, request.body if isinstance(request.body, bytes) else b""
            call = self._call
            sent = Sent(len(self.operations), service, operation, content, call.plumbing, call.once)
            self.operations.append(operation)
            kind = self.schedule(sent)
            if kind:
                self.injected.append((sent, kind))
        return self._meet(kind, sent, request) if kind else None

    def _meet(self, kind: str, sent: Sent, request: Any) -> AWSResponse | None:
        _met.fault = True
        if kind == "late":
            time.sleep(LATE_SECONDS)
            return None
        if kind == "dropped":
            raise ConnectionClosedError(endpoint_url=request.url)
        if kind == "lost":
            self._http.send(request)
            raise ReadTimeoutError(endpoint_url=request.url)
        status, code, message = _refusal(kind, sent.service)
        headers, body = error_answer(self._protocols[sent.service], sent.service, code, message)
        return AWSResponse(request.url, status, headers, _Raw(body))


def _refusal(kind: str, service: str) -> tuple[int, str, str]:
    """Return status, code and message."""
    status, code, message = [*kind.split(" ", 2), "", ""][:3]
    if status.isdigit():
        return int(status), code, message or "A test refuses it."
    named = {
        "throttled": THROTTLES.get(service, (400, "ThrottlingException")),
        "broken": (500, "InternalFailure"),
        "unavailable": (503, "ServiceUnavailable"),
    }
    return *named[kind], "A fault that a test has asked for."


class _Raw(io.BytesIO):
    """What botocore reads an answer from."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def error_answer(protocol: str, service: str, code: str, message: str) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of an error as services of this protocol write it."""
    if protocol in ("json", "rest-json"):
        body = json.dumps({"__type": code, "message": message}).encode()
        return {"x-amzn-errortype": code, "x-amzn-requestid": "fault"}, body
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    if service == "s3":
        return {"x-amz-request-id": "fault"}, error.encode()
    if protocol in ("query", "rest-xml"):
        return {}, f"<ErrorResponse>{error}<RequestId>fault</RequestId></ErrorResponse>".encode()
    return {}, b""  # boto3 goes by the status alone


def changes(operation: str) -> bool:
    """Tell whether an operation changes something."""
    return not operation.startswith(("Get", "List", "Head", "Describe", "Filter", "Query", "Scan"))


def at(number: int, kind: str, *, times: int = 1) -> Schedule:
    """Let one request meet a fault, and the ones after it, if it has to be met several times."""
    return lambda sent: kind if number <= sent.number < number + times else None


def every_first(kind: str) -> Schedule:
    """Let each request meet the fault once: what is asked again passes."""
    seen: set[Sent] = set()

    def schedule(sent: Sent) -> str | None:
        same = replace(sent, number=0)
        if same in seen:
            return None
        seen.add(same)
        return kind

    return schedule


def at_random(seed: object, share: float) -> Schedule:
    """Let a share of the requests meet a fault, and what is asked again pass.

    Where a notebook itself changes something, no answer is lost: boto3 asks again, and what that does is
    AWS's answer: a function that runs twice, "already exists". And what a notebook's client sends once,
    because the lesson is in each refusal, is left alone.
    """
    chance, asked_again = random.Random(str(seed)), set[tuple[str, bytes]]()

    def schedule(sent: Sent) -> str | None:
        kind = chance.choice(KINDS) if chance.random() < share else None
        is_lesson = not sent.plumbing and (sent.once or (kind == "lost" and changes(sent.operation)))
        if sent.content in asked_again:
            asked_again.remove(sent.content)
        elif kind and not is_lesson:
            asked_again.add(sent.content)
            return kind
        return None

    return schedule


@contextmanager
def quick_retries() -> Iterator[None]:
    """Let boto3 wait 10 ms before it sends again what met a fault, and not up to a second and more."""
    usual = ExponentialBackoff.delay_amount

    def delay_amount(self: Any, context: Any) -> float:
        fault, _met.fault = getattr(_met, "fault", False), False
        return RETRY_PAUSE_SECONDS if fault else float(usual(self, context))

    ExponentialBackoff.delay_amount = delay_amount
    try:
        yield
    finally:
        ExponentialBackoff.delay_amount = usual
