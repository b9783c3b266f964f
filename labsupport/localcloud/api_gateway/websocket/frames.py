"""See frames and close codes, which ASGI doesn't show: a frame above the quota ends its connection with 1009.

hypercorn collects the frames of a message before the application sees it, and tells of every client that it
closed with 1006. API Gateway limits each frame, and gives the client's own code to the $disconnect route.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from hypercorn.protocol import ws_stream

from labsupport.localcloud.api_gateway.websocket.limits import TOO_BIG, Closing, WebSocketLimits
from labsupport.localcloud.gate import Scope

CLOSING = "lab.closing"
"""Where a scope says how its connection was closed."""


def attach(limits: WebSocketLimits) -> None:
    """Have hypercorn's WebSocket connections measured. Call it once, before the server starts."""

    class MeasuredStream(ws_stream.WSStream):
        """A stream whose connection is observed from the moment it is accepted."""

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.buffer = MeasuredBuffer(self, limits)

        async def _handle_events(self) -> None:
            await super()._handle_events()
            if self.scope.get(CLOSING) is TOO_BIG:
                # hypercorn stops at the frame; the client's close frame may be behind it already.
                await super()._handle_events()

        async def _accept(self, message: Any) -> None:
            await super()._accept(message)
            self.connection.events = _noting_close(self.connection, cast("Scope", self.scope))  # type: ignore[method-assign]

    from hypercorn.protocol import h11

    setattr(h11, "WSStream", MeasuredStream)  # noqa: B010 (mypy: it isn't exported)


class MeasuredBuffer(ws_stream.WebsocketBuffer):
    """What a message's frames are collected in, counted in bytes."""

    def __init__(self, stream: Any, limits: WebSocketLimits) -> None:
        """Measure the messages of one stream."""
        super().__init__(limits.message_bytes)
        self._stream, self._limits = stream, limits
        self._message_bytes = self._frame_bytes = 0

    def extend(self, event: Any) -> None:
        """Take a frame, or a part of one.

        Raises:
            FrameTooLargeError: hypercorn then closes the connection with 1009.
        """
        size = len(event.data.encode()) if isinstance(event.data, str) else len(event.data)
        self._frame_bytes += size
        self._message_bytes += size
        if self._frame_bytes > self._limits.frame_bytes or self._message_bytes > self._limits.message_bytes:
            self._stream.scope[CLOSING] = TOO_BIG
            raise ws_stream.FrameTooLargeError
        if event.frame_finished:
            self._frame_bytes = 0
        super().extend(event)

    def clear(self) -> None:
        """Begin with the next message."""
        super().clear()
        self._message_bytes = self._frame_bytes = 0


def _noting_close(connection: Any, scope: Scope) -> Any:
    original = connection.events

    def events() -> Iterator[Any]:
        for event in original():
            if hasattr(event, "code"):  # the client's close frame
                scope.setdefault(CLOSING, Closing(int(event.code), event.reason or ""))
            elif scope.get(CLOSING) is TOO_BIG:
                continue  # the rest of what was too big
            yield event

    return events
