"""The Lambda Runtime API: AWS's runtime client asks for the next event and posts what the handler answered.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from labsupport.localcloud.lambda_service.loopback_http import Request, Response, Route, answer_json, problem

PREFIX = "/2018-06-01/runtime"


class NextEvent(NamedTuple):
    """An event on its way to the handler."""

    headers: Mapping[str, str]
    payload: bytes


class RuntimeEvents(Protocol):
    """What an environment does with what its runtime says."""

    async def next_event(self) -> NextEvent:
        """Wait for the next invocation."""

    def answered(self, request_id: str, payload: bytes) -> bool:
        """Take the handler's answer. Returns False for an invocation that is not under way."""

    def failed(self, request_id: str, payload: bytes) -> bool:
        """Take the handler's error. Returns False for an invocation that is not under way."""

    def init_failed(self, error_type: str, payload: bytes) -> None:
        """Take the error of the Init phase."""


class RuntimeApi:
    """The Runtime API's routes for one environment."""

    def __init__(self, events: RuntimeEvents) -> None:
        """Serve `events`."""
        self._events = events
        self.routes = [
            Route("GET", re.compile(f"{PREFIX}/invocation/next"), self._next),
            Route("POST", re.compile(f"{PREFIX}/invocation/([^/]+)/response"), self._response),
            Route("POST", re.compile(f"{PREFIX}/invocation/([^/]+)/error"), self._error),
            Route("POST", re.compile(f"{PREFIX}/init/error"), self._init_error),
        ]

    async def _next(self, request: Request) -> Response:
        event = await self._events.next_event()
        return Response(200, event.payload, {"Content-Type": "application/json", **event.headers})

    async def _response(self, request: Request, request_id: str) -> Response:
        return _accepted(self._events.answered(request_id, request.body))

    async def _error(self, request: Request, request_id: str) -> Response:
        return _accepted(self._events.failed(request_id, request.body))

    async def _init_error(self, request: Request) -> Response:
        error_type = request.headers.get("lambda-runtime-function-error-type", "Runtime.Unknown")
        self._events.init_failed(error_type, request.body)
        return _accepted(True)


def _accepted(known: bool) -> Response:
    if known:
        return answer_json(202, {"status": "OK"})
    return problem(400, "InvalidRequestID", "Invalid request ID")
