"""The connections that are open, and the @connections commands that reach them.

Only the server's event loop comes here, so nothing is locked. Nothing is saved: after a restart of the cloud
every connection is gone, and the commands say so.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

from labsupport.localcloud.api_gateway.websocket.events import Connection
from labsupport.localcloud.api_gateway.websocket.limits import GOING_AWAY, Closing

Answer = tuple[int, dict[str, str], bytes]
Outbox = asyncio.Queue[str | Closing]

DELETED = Closing(1000, "Connection closed normally")


class Connections:
    """Every open connection by its id, with what is to be sent to its client."""

    def __init__(self, *, message_bytes: int) -> None:
        """Begin with none. `message_bytes`: the most that one message may have."""
        self._open: dict[str, tuple[Connection, Outbox]] = {}
        self._message_bytes = message_bytes

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection, outbox: Outbox) -> None:
        """Let commands reach a connection that was accepted."""
        self._open[connection.id] = connection, outbox

    def remove(self, connection: Connection) -> None:
        """Let commands find it gone."""
        self._open.pop(connection.id, None)

    def find(self, connection_id: str) -> Connection | None:
        """Return the open connection of this id, or None."""
        return self._open.get(connection_id, (None, None))[0]

    def close_all(self) -> None:
        """Say good-bye to every client."""
        for _connection, outbox in self._open.values():
            outbox.put_nowait(GOING_AWAY)

    def handle(self, method: str, api_id: str, stage: str, connection_id: str, body: bytes) -> Answer:
        """Carry out PostToConnection, GetConnection or DeleteConnection."""
        connection, outbox = self._open.get(connection_id, (None, None))
        if connection is None or outbox is None or (connection.api_id, connection.stage) != (api_id, stage):
            return _error(410, "GoneException", "")
        if method == "GET":
            return 200, {"Content-Type": "application/json"}, json.dumps(_description(connection)).encode()
        if method == "DELETE":
            self.remove(connection)
            outbox.put_nowait(DELETED)
            return 204, {}, b""
        if method != "POST":
            return _error(403, "ForbiddenException", "Forbidden")
        if len(body) > self._message_bytes:
            return _error(413, "PayloadTooLargeException", "Message too long")
        outbox.put_nowait(body.decode("utf-8", "replace"))
        return 200, {}, b""


def _description(connection: Connection) -> dict[str, object]:
    return {
        "connectedAt": _iso(connection.connected_at),
        "lastActiveAt": _iso(connection.last_active_at),
        "identity": connection.identity,
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _error(status: int, code: str, message: str) -> Answer:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    return status, headers, json.dumps({"message": message} if message else {}).encode()
