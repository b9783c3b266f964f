"""One connection of a WebSocket API: handshake, messages both ways, end.

Messages of one client are handled as they arrive, none waits for another's function, as on AWS. All that is
sent to the client goes through one queue.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
"""

from __future__ import annotations

import asyncio
import http
import time
from collections.abc import Coroutine
from typing import Any

from labsupport.localcloud.api_gateway.websocket import events
from labsupport.localcloud.api_gateway.websocket.connections import Connections, Outbox
from labsupport.localcloud.api_gateway.websocket.events import Connection, Event
from labsupport.localcloud.api_gateway.websocket.exchange import (
    Answer,
    Backend,
    Exchange,
    IntegrationFailed,
    Route,
)
from labsupport.localcloud.api_gateway.websocket.frames import CLOSING
from labsupport.localcloud.api_gateway.websocket.limits import (
    GOING_AWAY,
    NO_BINARY_FRAMES,
    VANISHED,
    Closing,
    WebSocketLimits,
)
from labsupport.localcloud.api_gateway.websocket.selection import DEFAULT_ROUTE, route_key
from labsupport.localcloud.gate import Receive, Scope, Send


async def refuse(send: Send, status: int, body: str) -> None:
    """Answer the handshake with an HTTP error, so that there is no connection."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body.encode())).encode())]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body.encode()})


class Session:
    """Serve one client."""

    def __init__(
        self, backend: Backend, connection: Connection, connections: Connections, limits: WebSocketLimits
    ) -> None:
        """Keep who serves, and whom."""
        self._backend, self._connection = backend, connection
        self._connections, self._limits = connections, limits
        self._outbox: Outbox = asyncio.Queue()
        self._messages: set[asyncio.Task[None]] = set()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve from the handshake to the end of the $disconnect route."""
        if not await self._connect(send):
            return
        await send({"type": "websocket.accept"})
        self._connections.add(self._connection, self._outbox)
        try:
            closing = await self._converse(receive, send)
        finally:
            self._connections.remove(self._connection)
        closing = scope.get(CLOSING, closing)
        await self._disconnect(closing)
        if self._messages:
            await asyncio.wait(self._messages)

    # The handshake

    async def _connect(self, send: Send) -> bool:
        """Run the $connect route if there is one, and tell whether the client may connect."""
        exchange = self._exchange("CONNECT", "$connect")
        answer = await self._admit(exchange)
        self._backend.note(exchange)
        if answer.status not in range(200, 300):
            text = answer.body or http.HTTPStatus(answer.status).phrase
            await refuse(send, answer.status, events.own_message(text, self._connection, exchange.request_id))
        return answer.status in range(200, 300)

    async def _admit(self, exchange: Exchange) -> Answer:
        route = self._backend.route("$connect")
        if not self._backend.admits("$connect"):
            exchange.status, exchange.error = 429, "Too Many Requests"
        elif route is not None:
            refusal = await self._backend.authorize(self._connection, route, exchange.request_id)
            if refusal is not None:
                exchange.status, exchange.error = refusal.status, refusal.message
            else:
                event = events.connect_event(self._connection, exchange.request_id)
                answer = await self._integrate(exchange, route, event)
                exchange.status = answer.status
                known = answer.status in range(200, 600) and answer.status in set(http.HTTPStatus)
                return Answer(answer.status if known else 500, exchange.error)
        return Answer(exchange.status, exchange.error)

    # Messages

    async def _converse(self, receive: Receive, send: Send) -> Closing:
        """Take messages and send messages until one side ends it, and return how it ended."""
        end = time.monotonic() + self._limits.connection_seconds
        receiving = asyncio.ensure_future(receive())
        sending = asyncio.ensure_future(self._outbox.get())
        try:
            while True:
                wait_seconds = min(end - time.monotonic(), self._limits.idle_seconds)
                done, _ = await asyncio.wait(
                    {receiving, sending}, timeout=wait_seconds, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    return await _close(send, GOING_AWAY)
                self._connection.last_active_at = time.time()
                if sending in done:
                    item = sending.result()
                    if isinstance(item, Closing):
                        return await _close(send, item)
                    await send({"type": "websocket.send", "text": item})
                    sending = asyncio.ensure_future(self._outbox.get())
                if receiving in done:
                    message = receiving.result()
                    if message["type"] == "websocket.disconnect":
                        return VANISHED
                    if message.get("text") is None:
                        return await _close(send, NO_BINARY_FRAMES)
                    self._start(self._take(message["text"]))
                    receiving = asyncio.ensure_future(receive())
        finally:
            receiving.cancel()
            sending.cancel()

    async def _take(self, text: str) -> None:
        """Handle one message of the client."""
        key = route_key(self._backend.selection_expression, text)
        route = self._backend.route(key) or self._backend.route(DEFAULT_ROUTE)
        exchange = self._exchange("MESSAGE", route.key if route else key)
        reply: str | None = None
        if route is None:
            exchange.status, exchange.error = 403, "Forbidden"
        elif not self._backend.admits(route.key):
            exchange.status, exchange.error = 429, "Too Many Requests"
        else:
            event = events.message_event(self._connection, route.key, exchange.request_id, text)
            answer = await self._integrate(exchange, route, event)
            reply = answer.body if route.is_two_way and answer.body else None
        if exchange.error:
            reply = events.own_message(exchange.error, self._connection, exchange.request_id)
        if reply is not None:
            exchange.answered = True
            self._outbox.put_nowait(reply)
        self._backend.note(exchange)

    # The end

    async def _disconnect(self, closing: Closing) -> None:
        route = self._backend.route("$disconnect")
        if route is not None:
            exchange = self._exchange("DISCONNECT", route.key)
            event = events.disconnect_event(self._connection, exchange.request_id, closing)
            await self._integrate(exchange, route, event)
            self._backend.note(exchange)

    # What the routes share

    async def _integrate(self, exchange: Exchange, route: Route, event: Event) -> Answer:
        """Invoke the integration within its time. The exchange keeps what the client is told if it fails."""
        started = time.monotonic()
        call = asyncio.ensure_future(self._backend.invoke(route, event))
        seconds = min(route.timeout_seconds, self._limits.integration_seconds)
        done, _ = await asyncio.wait({call}, timeout=seconds)
        exchange.integration_ms = (time.monotonic() - started) * 1000
        try:
            if not done:
                self._start(_forget(call))  # the function runs on, as on AWS
                raise IntegrationFailed(
                    "Endpoint request timed out", message="Endpoint request timed out", status=504
                )
            answer = call.result()
        except IntegrationFailed as failure:
            exchange.status, exchange.error = failure.status, failure.message
            return Answer(failure.status)
        exchange.integration_status = answer.status
        return answer

    def _exchange(self, event_type: str, key: str) -> Exchange:
        return Exchange(self._connection, event_type, key, events.new_id())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._messages.add(task)
        task.add_done_callback(self._messages.discard)


async def _close(send: Send, closing: Closing) -> Closing:
    await send({"type": "websocket.close", "code": closing.code, "reason": closing.reason})
    return closing


async def _forget(call: asyncio.Future[Answer]) -> None:
    await asyncio.wait({call})
    call.exception()
