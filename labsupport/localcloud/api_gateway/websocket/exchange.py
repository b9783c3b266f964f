"""One event of a WebSocket API on its way to an integration and back, as metrics and access logs tell of it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from labsupport.localcloud.api_gateway.websocket.events import Connection, Event


class IntegrationFailed(Exception):
    """API Gateway got no answer from the integration that it can use.

    `message` is what the client is told, `cause` what the access log is.
    """

    def __init__(self, cause: str, *, message: str = "Internal server error", status: int = 500) -> None:
        """Keep the cause, and what to say."""
        super().__init__(cause)
        self.cause, self.message, self.status = cause, message, status


@dataclass(frozen=True)
class Answer:
    """What an integration answered: the status and the body of a proxy response."""

    status: int = 200
    body: str = ""


@dataclass(frozen=True)
class Refusal:
    """What the handshake is refused with."""

    status: int
    message: str


@dataclass(frozen=True)
class Route:
    """A route of a deployment.

    Attributes:
        key: such as "$connect".
        is_two_way: whether it has a route response: only then the client gets the integration's answer.
        timeout_seconds: how long the integration may take.
        settings: its records, for the backend.
    """

    key: str
    is_two_way: bool
    timeout_seconds: float
    settings: dict[str, Any]


@dataclass
class Exchange:
    """One event, and what became of it.

    Attributes:
        event_type: "CONNECT", "MESSAGE", "DISCONNECT", or "PUSH" for what a function sends by itself.
        status: what API Gateway answered, or would answer over HTTP.
        error: why there was no answer, or "".
        integration_status: of the integration's answer; None when there is none.
        integration_ms: how long the integration took; None when it wasn't called.
        answered: whether the client got a message.
    """

    connection: Connection
    event_type: str
    route_key: str
    request_id: str
    status: int = 200
    error: str = ""
    integration_status: int | None = None
    integration_ms: float | None = None
    answered: bool = False

    def metrics(self) -> Iterator[tuple[str, float]]:
        """Yield the metrics that it counts in."""
        called = self.integration_ms is not None
        if self.event_type == "CONNECT" and called:
            yield "ConnectCount", 1
        messages = (self.event_type in ("MESSAGE", "PUSH")) + self.answered
        if messages:
            yield "MessageCount", messages
        if self.integration_status is not None and self.integration_status >= 400:
            yield "IntegrationError", 1
        elif called and self.error:
            yield "ExecutionError", 1
        elif 400 <= self.status < 500:
            yield "ClientError", 1
        if self.integration_ms is not None and self.integration_status is not None:
            yield "IntegrationLatency", self.integration_ms

    def variables(self) -> dict[str, Any]:
        """Return the `$context` variables that an access log may write."""
        latency = None if self.integration_ms is None else round(self.integration_ms)
        return {
            "status": self.status,
            "error.message": self.error or None,
            "error.messageString": f'"{self.error}"' if self.error else None,
            "integrationStatus": self.integration_status,
            "integration.status": self.integration_status,
            "integrationErrorMessage": self.error if latency is not None and self.error else None,
            "integrationLatency": latency,
            "integration.latency": latency,
            "integration.requestId": None,
        }


class Backend(Protocol):
    """One stage of one API, as its deployment describes it."""

    selection_expression: str

    def route(self, key: str) -> Route | None:
        """Return the route of this key, or None."""

    def admits(self, route_key: str) -> bool:
        """Count an event, and tell whether the stage's throttling lets it pass."""

    async def authorize(self, connection: Connection, route: Route, request_id: str) -> Refusal | None:
        """Ask the route's authorizer; what it says of the client is kept in the connection."""

    async def invoke(self, route: Route, event: Event) -> Answer:
        """Invoke the route's integration.

        Raises:
            IntegrationFailed: there is no answer.
        """

    def note(self, exchange: Exchange) -> None:
        """Write metrics and the access log."""
