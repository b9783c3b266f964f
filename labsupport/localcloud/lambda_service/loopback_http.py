"""A small HTTP server on a loopback port of its own, for one execution environment.

The port is the environment's identity, since AWS_LAMBDA_RUNTIME_API is a host and a port.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple

import h11

from labsupport.localcloud.lambda_service.peers import Address

READ_BYTES = 1 << 16


class Request(NamedTuple):
    """One request. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Response(NamedTuple):
    """One answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


class Route(NamedTuple):
    """Which requests a function answers. The groups of `path` are its further arguments."""

    method: str
    path: re.Pattern[str]
    answer: Callable[..., Awaitable[Response]]


def answer_json(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(
        status, json.dumps(content).encode(), {"Content-Type": "application/json", **(headers or {})}
    )


def problem(status: int, error_type: str, message: str) -> Response:
    """Answer with an error in the shape of the Runtime and Extensions APIs."""
    return answer_json(status, {"errorType": error_type, "errorMessage": message})


class LoopbackServer:
    """Serve routes on a free loopback port."""

    def __init__(self, routes: Iterable[Route], *, admits: Callable[[Address, Address], bool]) -> None:
        """Serve `routes`; the first that fits answers.

        `admits` tells of each connection, by its client's address and its own, whether it is served.
        """
        self._routes, self._admits = list(routes), admits
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """Listen. Returns "host:port"."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def close(self) -> None:
        """Stop listening and drop the connections."""
        if self._server is not None:
            self._server.close()
        self.drop_connections()

    def drop_connections(self) -> None:
        """Forget the requests of processes that have ended."""
        for connection in self._connections:
            connection.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._admits(writer.get_extra_info("peername"), writer.get_extra_info("sockname")):
            writer.close()
            return
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
                if connection.our_state is h11.MUST_CLOSE:
                    break
                connection.start_next_cycle()
        except (ConnectionError, h11.ProtocolError, asyncio.CancelledError):
            pass  # the process has gone away; its exit says why
        finally:
            self._connections.discard(task)
            with contextlib.suppress(ConnectionError):
                writer.close()

    async def _answer(self, request: Request) -> Response:
        for route in self._routes:
            match = route.path.fullmatch(request.path)
            if match and route.method == request.method:
                return await route.answer(request, *match.groups())
        return problem(404, "NotFound", f"{request.method} {request.path} is not part of this API")


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
