"""WebSocket APIs without a server: which route, how long, and what is counted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from labsupport.localcloud.api_gateway.websocket.answers import proxy_answer
from labsupport.localcloud.api_gateway.websocket.connections import Connections
from labsupport.localcloud.api_gateway.websocket.events import Connection
from labsupport.localcloud.api_gateway.websocket.exchange import (
    Answer,
    Exchange,
    IntegrationFailed,
    Refusal,
    Route,
)
from labsupport.localcloud.api_gateway.websocket.limits import WebSocketLimits
from labsupport.localcloud.api_gateway.websocket.selection import route_key
from labsupport.localcloud.api_gateway.websocket.session import Session
from labsupport.localcloud.gate import is_of_another_site

Invoke = Callable[[Route, Any], Awaitable[Answer]]


@pytest.mark.parametrize(
    ("expression", "message", "key"),
    [
        ("$request.body.action", '{"action": "join"}', "join"),
        ("${request.body.action}", '{"action": "join"}', "join"),
        ("${request.body.a.b}-${request.body.v}", '{"a": {"b": "x"}, "v": 2}', "x-2"),
        ("$request.body.action", '{"other": "join"}', "$default"),
        ("$request.body.action", '{"action": {"no": "text"}}', "$default"),
        ("$request.body.action", '{"action": "$disconnect"}', "$default"),
        ("$request.body.action", "[1]", "$default"),
        ("$request.body.action", "no JSON", "$default"),
        (r"\$request.body.action", "{}", "$request.body.action"),
    ],
)
def test_the_expression_names_the_route(expression: str, message: str, key: str) -> None:
    assert route_key(expression, message) == key


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        ({"statusCode": 200}, Answer(200)),
        ({"statusCode": "404", "body": "no"}, Answer(404, "no")),
        ({"statusCode": 200, "body": {"a": 1}}, Answer(200, '{"a": 1}')),
        ({"statusCode": 200, "body": "aGk=", "isBase64Encoded": True}, Answer(200, "hi")),
    ],
)
def test_a_proxy_response_has_a_status_and_a_body(payload: Any, answer: Answer) -> None:
    assert proxy_answer(payload) == answer


@pytest.mark.parametrize("payload", [None, "text", {}, {"statusCode": "ok"}, {"statusCode": True}])
def test_without_a_status_code_it_is_malformed(payload: Any) -> None:
    with pytest.raises(IntegrationFailed, match="Malformed"):
        proxy_answer(payload)


@pytest.mark.parametrize(
    ("origin", "may"),
    [
        ("", True),
        ("null", False),  # a page in a sandboxed frame
        ("http://localhost:8888", True),
        ("http://127.0.0.1:8888", True),
        ("http://[::1]:8888", True),
        ("https://example.com", False),
        ("https://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
    ],
)
def test_only_pages_of_this_machine_may_connect(origin: str, may: bool) -> None:
    headers = [(b"host", b"127.0.0.1:4566"), *([(b"origin", origin.encode())] if origin else [])]
    scope = {"type": "websocket", "path": "/_aws/execute-api/a/prod", "headers": headers}
    assert is_of_another_site(scope) is not may


class Client:
    """The other end of a session: what it sends, and what it got."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.got: list[dict[str, Any]] = []
        for message in messages:
            self.incoming.put_nowait(message)

    async def send(self, message: Any) -> None:
        self.got.append(message)

    def texts(self) -> list[Any]:
        return [json.loads(each["text"]) for each in self.got if each["type"] == "websocket.send"]


class Stage:
    """A backend whose routes all invoke one callable."""

    selection_expression = "$request.body.action"

    def __init__(self, invoke: Invoke, *keys: str, refusal: Refusal | None = None, admits: int = 99) -> None:
        self._invoke, self._keys, self._refusal, self._left = invoke, keys, refusal, admits
        self.noted: list[Exchange] = []
        self.events: list[Any] = []

    def route(self, key: str) -> Route | None:
        return Route(key, True, 29, {}) if key in self._keys else None

    def admits(self, route_key: str) -> bool:
        self._left -= 1
        return self._left >= 0

    async def authorize(self, connection: Connection, route: Route, request_id: str) -> Refusal | None:
        return self._refusal

    async def invoke(self, route: Route, event: Any) -> Answer:
        self.events.append(event)
        return await self._invoke(route, event)

    def note(self, exchange: Exchange) -> None:
        self.noted.append(exchange)


async def ok(_route: Route, _event: Any) -> Answer:
    return Answer(200)


def serve(stage: Stage, client: Client, **limits: float) -> list[dict[str, Any]]:
    """Serve a client until the session ends, and return what the client got."""
    connection = Connection("a1", "live", "here", {"user-agent": "me"}, {}, "127.0.0.1")
    connections = Connections(message_bytes=1024)
    session = Session(stage, connection, connections, WebSocketLimits(**limits))  # type: ignore[arg-type]
    asyncio.run(asyncio.wait_for(session.serve({}, client.incoming.get, client.send), timeout=10))
    assert len(connections) == 0
    return client.got


def text(**message: Any) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": json.dumps(message)}


GONE = {"type": "websocket.disconnect", "code": 1006}


def test_an_idle_connection_is_closed_with_1001_and_disconnect_is_told() -> None:
    stage = Stage(ok, "$disconnect")
    got = serve(stage, Client(), idle_seconds=0.02)
    assert [each["type"] for each in got] == ["websocket.accept", "websocket.close"]
    assert got[-1]["code"] == 1001
    about = stage.events[0]["requestContext"]
    assert (about["disconnectStatusCode"], about["disconnectReason"]) == (1001, "Going away")


def test_a_connection_ends_after_its_longest_time_whatever_happens() -> None:
    client = Client()

    async def keep_talking(_route: Route, _event: Any) -> Answer:
        client.incoming.put_nowait(text(action="go"))
        return Answer(200)

    client.incoming.put_nowait(text(action="go"))
    got = serve(Stage(keep_talking, "go"), client, idle_seconds=60, connection_seconds=0.05)
    assert got[-1] == {"type": "websocket.close", "code": 1001, "reason": "Going away"}


def test_a_function_that_takes_too_long_is_not_waited_for() -> None:
    async def slow(_route: Route, _event: Any) -> Answer:
        await asyncio.sleep(0.2)
        return Answer(200, '"late"')

    stage, client = Stage(slow, "$default"), Client(text(a=1))
    serve(stage, client, integration_seconds=0.02, idle_seconds=0.1)
    assert [each["message"] for each in client.texts()] == ["Endpoint request timed out"]
    assert dict(stage.noted[-1].metrics()) == {"MessageCount": 2, "ExecutionError": 1}


def test_a_slow_message_does_not_hold_up_the_next_one() -> None:
    async def by_route(route: Route, _event: Any) -> Answer:
        await asyncio.sleep(0.1 if route.key == "slow" else 0)
        return Answer(200, json.dumps(route.key))

    client = Client(text(action="slow"), text(action="quick"))
    serve(Stage(by_route, "slow", "quick"), client, idle_seconds=0.3)
    assert client.texts() == ["quick", "slow"]


@pytest.mark.parametrize(
    ("options", "answer", "status", "metrics"),
    [
        ({"refusal": Refusal(401, "Unauthorized")}, 200, 401, {"ClientError": 1}),
        ({"admits": 0}, 200, 429, {"ClientError": 1}),
        ({}, 403, 403, {"ConnectCount": 1, "IntegrationError": 1}),
        ({}, 200, None, {"ConnectCount": 1}),
    ],
)
def test_a_refused_handshake_has_a_status_and_is_counted(
    options: Any, answer: int, status: int | None, metrics: dict[str, float]
) -> None:
    async def connect(_route: Route, _event: Any) -> Answer:
        return Answer(answer)

    stage, client = Stage(connect, "$connect", **options), Client(GONE)
    got = serve(stage, client)
    assert got[0].get("status") == status
    counted = dict(stage.noted[0].metrics())
    counted.pop("IntegrationLatency", None)
    assert counted == metrics


def test_a_throttled_message_is_told_and_counted() -> None:
    stage, client = Stage(ok, "$default", admits=1), Client(text(a=1), text(a=2))
    serve(stage, client, idle_seconds=0.05)
    assert [each["message"] for each in client.texts()] == ["Too Many Requests"] * 2
    assert dict(stage.noted[-1].metrics()) == {"MessageCount": 2, "ClientError": 1}


def test_a_binary_message_ends_the_connection_with_1003() -> None:
    got = serve(Stage(ok, "$default"), Client({"type": "websocket.receive", "bytes": b"x", "text": None}))
    assert got[-1]["code"] == 1003
