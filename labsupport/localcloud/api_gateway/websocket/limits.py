"""The quotas of WebSocket APIs, and the ends that API Gateway gives to connections.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class WebSocketLimits:
    """AWS's quotas. Tests take smaller ones."""

    message_bytes: int = 128 * 1024
    frame_bytes: int = 32 * 1024
    idle_seconds: float = 10 * 60
    connection_seconds: float = 2 * 60 * 60
    integration_seconds: float = 29


class Closing(NamedTuple):
    """How a connection ended: the code and the reason that a close frame carries."""

    code: int
    reason: str = ""


GOING_AWAY = Closing(1001, "Going away")
# API Gateway takes no binary frames:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html
NO_BINARY_FRAMES = Closing(1003, "Binary frames are not supported")
TOO_BIG = Closing(1009, "Message too big")
VANISHED = Closing(1006, "Connection Closed Abnormally")
