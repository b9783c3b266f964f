"""The Lambda Runtime API of one environment: HTTP on a loopback port of its own.

AWS's runtime client asks for the next event and posts what the handler answered. The port is the
environment's identity, since AWS_LAMBDA_RUNTIME_API is a host and a port.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol

import h11

PREFIX = "/2018-06-01/runtime"
READ_BYTES = 1 << 16


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


class Request(NamedTuple):
    """One request of the runtime."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Response(NamedTuple):
    """One answer to the runtime."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


class RuntimeApi:
    """Serve the Runtime API for one environment."""

    def __init__(self, events: RuntimeEvents) -> None:
        """Serve `events`."""
        self._events = events
        self._connections: set[asyncio.Task[None]] = set()
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Awaitable[Response]]]] = [
            ("GET", re.compile(f"{PREFIX}/invocation/next"), self._next),
            ("POST", re.compile(f"{PREFIX}/invocation/([^/]+)/response"), self._response),
            ("POST", re.compile(f"{PREFIX}/invocation/([^/]+)/error"), self._error),
            ("POST", re.compile(f"{PREFIX}/init/error"), self._init_error),
        ]

    async def start(self) -> str:
        """Listen on a free loopback port. Returns "host:port", the value of AWS_LAMBDA_RUNTIME_API."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def close(self) -> None:
        """Stop listening and drop the connections."""
        self._server.close()
        for connection in self._connections:
            connection.cancel()

    # Routes

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

    # HTTP

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        connection = h11.Connection(h11.SERVER)
        try:
            while (request := await _read(connection, reader)) is not None:
                response = await self._answer(request)
                headers = [*response.headers.items(), ("Content-Length", str(len(response.body)))]
                head = connection.send(h11.Response(status_code=response.status, headers=headers))
                body = connection.send(h11.Data(data=response.body))
                tail = connection.send(h11.EndOfMessage())
                writer.write(b"".join(part for part in (head, body, tail) if part))
                await writer.drain()
                connection.start_next_cycle()
        except (ConnectionError, h11.ProtocolError, asyncio.CancelledError):
            pass  # the runtime has gone away; its exit says why
        finally:
            self._connections.discard(task)
            with contextlib.suppress(ConnectionError):
                writer.close()

    async def _answer(self, request: Request) -> Response:
        for method, pattern, route in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                return await route(request, *match.groups())
        return _problem(404, "NotFound", f"{request.method} {request.path} is not part of the Runtime API")


async def _read(connection: h11.Connection, reader: asyncio.StreamReader) -> Request | None:
    """Read one request; None when the other side has closed the connection."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(READ_BYTES))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
            return Request(head.method.decode(), head.target.decode(), headers, bytes(body))
        else:
            return None


def _accepted(known: bool) -> Response:
    if known:
        return Response(202, b'{"status":"OK"}\n', {"Content-Type": "application/json"})
    return _problem(400, "InvalidRequestID", "Invalid request ID")


def _problem(status: int, error_type: str, message: str) -> Response:
    body = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    return Response(status, body, {"Content-Type": "application/json"})
