"""The events that a WebSocket API gives to its functions, and what it says to clients itself.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labsupport.localcloud.api_gateway.websocket.limits import Closing

Event = dict[str, Any]


def new_id() -> str:
    """Return an id as API Gateway makes them: 16 characters, and the last is "="."""
    return base64.urlsafe_b64encode(os.urandom(11)).decode()


@dataclass
class Connection:
    """One client's connection, from the handshake on.

    Attributes:
        api_id, stage, domain_name: where it leads.
        headers, query: of the handshake; a query parameter has one value or more.
        source_ip: of the client.
        authorizer: what the authorizer of $connect said of the client, or None.
        connected_at, last_active_at: seconds since the epoch.
    """

    api_id: str
    stage: str
    domain_name: str
    headers: Mapping[str, str]
    query: Mapping[str, list[str]]
    source_ip: str
    authorizer: Mapping[str, Any] | None = None
    id: str = field(default_factory=new_id)
    connected_at: float = field(default_factory=time.time)
    last_active_at: float = field(default_factory=time.time)

    @property
    def identity(self) -> dict[str, str]:
        """Return what AWS calls the caller's identity."""
        return {"userAgent": self.headers.get("user-agent", ""), "sourceIp": self.source_ip}


def context(connection: Connection, event_type: str, route_key: str, request_id: str) -> Event:
    """Return the requestContext that the events of a connection share."""
    now = time.time()
    found: Event = {
        "routeKey": route_key,
        "eventType": event_type,
        "extendedRequestId": request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "messageDirection": "IN",
        "stage": connection.stage,
        "connectedAt": round(connection.connected_at * 1000),
        "requestTimeEpoch": round(now * 1000),
        "identity": connection.identity,
        "requestId": request_id,
        "domainName": connection.domain_name,
        "connectionId": connection.id,
        "apiId": connection.api_id,
    }
    if connection.authorizer is not None:
        found["authorizer"] = dict(connection.authorizer)
    return found


def connect_event(connection: Connection, request_id: str) -> Event:
    """Return the event of $connect: it alone has the handshake's headers and query."""
    event: Event = {
        "headers": dict(connection.headers),
        "multiValueHeaders": {name: [value] for name, value in connection.headers.items()},
    }
    if connection.query:
        event["queryStringParameters"] = {name: values[-1] for name, values in connection.query.items()}
        event["multiValueQueryStringParameters"] = dict(connection.query)
    event["requestContext"] = context(connection, "CONNECT", "$connect", request_id)
    return event | {"isBase64Encoded": False}


def message_event(connection: Connection, route_key: str, request_id: str, body: str) -> Event:
    """Return the event of a client's message."""
    about = context(connection, "MESSAGE", route_key, request_id) | {"messageId": new_id()}
    return {"requestContext": about, "body": body, "isBase64Encoded": False}


def disconnect_event(connection: Connection, request_id: str, closing: Closing) -> Event:
    """Return the event of $disconnect."""
    about = context(connection, "DISCONNECT", "$disconnect", request_id)
    about |= {"disconnectStatusCode": closing.code, "disconnectReason": closing.reason}
    return {"requestContext": about, "isBase64Encoded": False}


def own_message(text: str, connection: Connection, request_id: str) -> str:
    """Return what API Gateway itself says to a client, such as "Forbidden"."""
    return json.dumps({"message": text, "connectionId": connection.id, "requestId": request_id})
