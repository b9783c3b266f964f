"""One event on its way through an execution environment, and how it went."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import Any, NamedTuple

from labsupport.localcloud.lambda_service.platform_events import SUCCESS
from labsupport.localcloud.lambda_service.runtime_api import NextEvent


class Outcome(NamedTuple):
    """How an invocation went: an answer, or an error with what the REPORT line says of it."""

    payload: bytes = b""
    error: dict[str, Any] | None = None
    status: str = SUCCESS
    error_type: str | None = None


class Invocation:
    """One event on its way through an environment."""

    def __init__(
        self, request_id: str, payload: bytes, invoked_arn: str, trace_id: str | None = None
    ) -> None:
        """Describe the event; `outcome` is settled by the runtime's answer or by its end."""
        self.request_id, self.payload, self.invoked_arn = request_id, payload, invoked_arn
        self.trace_id = trace_id or new_trace_id()
        self.deadline_ms = 0
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.answered: float | None = None
        self.ended: float | None = None
        self.aftermath: Outcome | None = None

    def settle(self, outcome: Outcome) -> None:
        """Say how it went, and when. The first word counts; what comes later is its aftermath."""
        if not self.outcome.done():
            self.answered = self.ended = time.monotonic()
            self.outcome.set_result(outcome)
        else:
            self.aftermath = outcome

    def as_event(self) -> NextEvent:
        """Return it as the Runtime API hands it over."""
        headers = {
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(self.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.invoked_arn,
            "Lambda-Runtime-Trace-Id": self.trace_id,
        }
        return NextEvent(headers, self.payload)


class InitFailure(Exception):
    """The Init phase ended with an error. Carries it as AWS returns it."""

    def __init__(self, error: dict[str, Any]) -> None:
        """Keep {"errorType", "errorMessage", ...}."""
        super().__init__(error.get("errorMessage"))
        self.error = error


def error_from(payload: bytes) -> dict[str, Any]:
    """Return the error that a runtime has posted, whatever it posted."""
    try:
        error = json.loads(payload)
    except ValueError:
        return {"errorType": "Runtime.Unknown", "errorMessage": payload.decode("utf-8", "replace")}
    return error if isinstance(error, dict) else {"errorType": "Runtime.Unknown", "errorMessage": str(error)}


def new_trace_id() -> str:
    """Return the X-Ray trace header of an event that nothing led to."""
    return f"Root=1-{int(time.time()):08x}-{os.urandom(12).hex()};Parent={os.urandom(8).hex()};Sampled=0"
