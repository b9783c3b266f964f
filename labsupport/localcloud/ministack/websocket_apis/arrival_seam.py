"""Serve WebSocket APIs of MiniStack's control plane with sessions of our own, whose functions are Lambda's.

A stage shows its deployment: what the API was when the deployment was made. MiniStack keeps no copy, so one
is kept in the deployment's record, and saved with it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-set-up-websocket-deployment.html
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from labsupport.localcloud.api_gateway.websocket import events, frames
from labsupport.localcloud.api_gateway.websocket.connections import Answer, Connections
from labsupport.localcloud.api_gateway.websocket.events import Connection
from labsupport.localcloud.api_gateway.websocket.exchange import Exchange
from labsupport.localcloud.api_gateway.websocket.limits import WebSocketLimits
from labsupport.localcloud.api_gateway.websocket.session import Session, refuse
from labsupport.localcloud.gate import Receive, Scope, Send
from labsupport.localcloud.ministack.api_gateway_shared import Shared
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.ministack.websocket_apis.backend import StageBackend, count

DEPLOYED = "lab.deployed"
"""Where a deployment's record keeps what was deployed. Clients drop members that they don't know."""


class WebSocketSeam:
    """WebSocket APIs' data plane behind MiniStack's control plane."""

    def __init__(self, shared: Shared, limits: WebSocketLimits) -> None:
        """Take MiniStack's modules. `shared` is what all stages invoke, count and log with."""
        from ministack.core import responses
        from ministack.services import apigateway

        self._gateway: Any = apigateway
        self._responses: Any = responses
        self._shared, self._limits = shared, limits
        self.connections = Connections(message_bytes=limits.message_bytes)

    def attach(self) -> None:
        """Stand in the place of MiniStack's own sessions, and before its deployments."""
        frames.attach(self._limits)
        replace(self._gateway, "handle_websocket", lambda _original: self._serve)
        replace(self._gateway, "handle_connections_api", lambda _original: self._command)
        replace(self._gateway, "_create_deployment", self._deploying)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, api_id: str, path_override: str | None = None
    ) -> None:
        await receive()  # "websocket.connect"
        owner = self._gateway._api_owner(api_id)
        stage = (path_override or scope["path"]).strip("/").split("/")[0] or "$default"
        if owner is not None:
            self._responses._request_account_id.set(owner[1])
            self._responses._request_region.set(owner[2])
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        connection = Connection(
            api_id=api_id,
            stage=stage,
            domain_name=f"{api_id}.execute-api.{self._gateway._HOST}",
            headers=headers,
            query=parse_qs(scope["query_string"].decode(), keep_blank_values=True),
            source_ip=(scope.get("client") or ("127.0.0.1",))[0],
        )
        record = self._gateway._stages.get(api_id, {}).get(stage)
        deployed = self._deployed(api_id, record) if record and owner and owner[0] == "WEBSOCKET" else None
        if deployed is None or owner is None:
            await refuse(send, 403, events.own_message("Forbidden", connection, events.new_id()))
            return
        backend = StageBackend(self._shared, deployed, scope, record, account=owner[1], region=owner[2])
        await Session(backend, connection, self.connections, self._limits).serve(scope, receive, send)

    async def _command(
        self, method: str, api_id: str, stage: str, connection_id: str, body: bytes, _headers: dict[str, str]
    ) -> Answer:
        connection = self.connections.find(connection_id)
        answer = self.connections.handle(method, api_id, stage, connection_id, body)
        if connection is not None and method == "POST" and answer[0] == 200:
            owner = self._gateway._api_owner(api_id)
            exchange = Exchange(connection, "PUSH", "", events.new_id())
            count(self._shared.metrics, owner[1], owner[2], exchange)
        return answer

    # Deployments

    def _deployed(self, api_id: str, stage: dict[str, Any]) -> dict[str, Any] | None:
        """Return what the stage shows, or None: nothing was deployed to it."""
        if stage.get("autoDeploy"):
            return self._present(api_id)
        record = self._gateway._deployments.get(api_id, {}).get(stage.get("deploymentId"))
        found: dict[str, Any] | None = (record or {}).get(DEPLOYED)
        return found

    def _present(self, api_id: str) -> dict[str, Any]:
        gateway = self._gateway
        return {
            "api": gateway._apis.get(api_id),
            "routes": list(gateway._routes.get(api_id, {}).values()),
            "integrations": gateway._integrations.get(api_id, {}),
            "route_responses": gateway._route_responses.get(api_id, {}),
            "integration_responses": gateway._integration_responses.get(api_id, {}),
        }

    def _deploying(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def create(api_id: str, data: dict[str, Any]) -> Any:
            status, headers, body = original(api_id, data)
            if status == 201 and self._gateway._apis[api_id].get("protocolType") == "WEBSOCKET":
                record = self._gateway._deployments[api_id][json.loads(body)["deploymentId"]]
                record[DEPLOYED] = copy.deepcopy(self._present(api_id))
            return status, headers, body

        return create
