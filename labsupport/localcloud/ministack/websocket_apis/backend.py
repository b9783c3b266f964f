"""One stage of a WebSocket API: routes, authorizers, throttling and functions of MiniStack's records."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

from labsupport.localcloud.api_gateway import access_log
from labsupport.localcloud.api_gateway.lambda_integration import (
    Outcome,
    authorizer_arn,
    function_arn,
    with_stage_variables,
)
from labsupport.localcloud.api_gateway.metrics import ApiMetrics, Subject
from labsupport.localcloud.api_gateway.token_bucket import ACCOUNT_BURST, ACCOUNT_RATE
from labsupport.localcloud.api_gateway.websocket.answers import proxy_answer
from labsupport.localcloud.api_gateway.websocket.events import Connection, Event, context
from labsupport.localcloud.api_gateway.websocket.exchange import (
    Answer,
    Exchange,
    IntegrationFailed,
    Refusal,
    Route,
)
from labsupport.localcloud.gate import Scope
from labsupport.localcloud.ministack.api_gateway_shared import Shared
from labsupport.localcloud.ministack.invoke_permission import api_gateway_may_invoke

LONGEST_SECONDS = 29.0


def count(metrics: ApiMetrics, account: str, region: str, exchange: Exchange) -> None:
    """Count an exchange in the metrics of its API and stage."""
    connection = exchange.connection
    subject = Subject.of_http_api(account, region, connection.api_id, connection.stage)
    metrics.websocket_api(subject, dict(exchange.metrics()))


class StageBackend:
    """What a session asks (`exchange.Backend`)."""

    def __init__(
        self,
        shared: Shared,
        deployed: dict[str, Any],
        scope: Scope,
        stage: dict[str, Any],
        *,
        account: str,
        region: str,
    ) -> None:
        """Take a stage's deployment. `scope` is the handshake, whose signature AWS_IAM reads."""
        from ministack.services import apigateway

        self._gateway: Any = apigateway
        self._shared, self._deployed, self._scope, self._stage = shared, deployed, scope, stage
        self._account, self._region = account, region
        self._api_id: str = deployed["api"]["apiId"]
        self.selection_expression: str = deployed["api"].get("routeSelectionExpression") or ""

    def route(self, key: str) -> Route | None:
        """Return the route of this key, or None."""
        for record in self._deployed["routes"]:
            if record["routeKey"] == key:
                integration = self._integration(record)
                milliseconds = integration.get("timeoutInMillis") or LONGEST_SECONDS * 1000
                responses = self._deployed["route_responses"].get(record["routeId"])
                return Route(key, bool(responses), milliseconds / 1000, record)
        return None

    def admits(self, route_key: str) -> bool:
        """Take a token of the route's bucket: the stage's default settings, or the route's own."""
        default = self._stage.get("defaultRouteSettings") or {}
        settings = default | ((self._stage.get("routeSettings") or {}).get(route_key) or {})
        rate, burst = settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit")
        key: Hashable = (self._account, self._region, self._api_id, self._stage["stageName"], route_key)
        return self._shared.buckets.take(
            key,
            rate=ACCOUNT_RATE if rate is None else float(rate),
            burst=ACCOUNT_BURST if burst is None else float(burst),
        )

    async def authorize(self, connection: Connection, route: Route, request_id: str) -> Refusal | None:
        """Ask the authorizer of $connect."""
        kind = (route.settings.get("authorizationType") or "NONE").upper()
        headers, query = dict(connection.headers), dict(connection.query)
        refused: tuple[int, str] | None = None
        if kind == "AWS_IAM":
            arn = self._source_arn(route.key)
            refused = self._gateway._authorize_ws_iam(self._scope, arn, headers, query, self._region)
        elif kind == "CUSTOM":
            if not self._may_ask_authorizer(route.settings.get("authorizerId") or ""):
                return Refusal(500, "Internal server error")
            about = context(connection, "CONNECT", route.key, request_id)
            refused, connection.authorizer = await self._gateway._authorize_ws_connect(
                self._api_id, route.settings, about, headers, query, self._account, self._region
            )
        if refused is None:
            return None
        status, message = refused
        return Refusal(status, message or "Internal server error")

    async def invoke(self, route: Route, event: Event) -> Answer:
        """Invoke the route's integration (`exchange.Backend`)."""
        integration = self._integration(route.settings)
        kind = integration.get("integrationType", "")
        if kind == "MOCK":
            return Answer(200, self._mock_body(integration["integrationId"]))
        if kind not in ("AWS", "AWS_PROXY"):
            raise IntegrationFailed(f"This lab has no integrations of the type {kind or 'none'}.")
        variables = self._stage.get("stageVariables") or {}
        if variables:
            event = event | {"stageVariables": variables}
        answer = await self._shared.integration.ask(
            with_stage_variables(integration["integrationUri"], variables),
            event,
            source_arn=self._source_arn(route.key),
            timeout_seconds=min(route.timeout_seconds, LONGEST_SECONDS)
            + 1,  # the session's limit comes first
        )
        if answer.outcome is not Outcome.ANSWERED:
            raise IntegrationFailed(answer.error_message)
        if kind == "AWS":
            return Answer(200, json.dumps(answer.payload))
        return proxy_answer(answer.payload)

    def note(self, exchange: Exchange) -> None:
        """Write metrics and the access log."""
        count(self._shared.metrics, self._account, self._region, exchange)
        connection = exchange.connection
        variables = context(connection, exchange.event_type, exchange.route_key, exchange.request_id)
        identity = {f"identity.{name}": value for name, value in connection.identity.items()}
        authorizer = {f"authorizer.{key}": value for key, value in (connection.authorizer or {}).items()}
        access_log.write(
            self._stage.get("accessLogSettings") or {},
            variables | identity | authorizer | exchange.variables(),
            self._shared.write_event,
            api_id=self._api_id,
            stage=self._stage["stageName"],
        )

    def _may_ask_authorizer(self, authorizer_id: str) -> bool:
        record = self._gateway._authorizers.get(self._api_id, {}).get(authorizer_id) or {}
        source = authorizer_arn(self._region, self._account, self._api_id, authorizer_id)
        function = function_arn(record.get("authorizerUri") or "")
        return api_gateway_may_invoke(function, source, region=self._region)

    def _integration(self, route: dict[str, Any]) -> dict[str, Any]:
        integration_id = (route.get("target") or "").rpartition("/")[2]
        return dict(self._deployed["integrations"].get(integration_id) or {})

    def _mock_body(self, integration_id: str) -> str:
        for response in self._deployed["integration_responses"].get(integration_id, {}).values():
            for template in (response.get("responseTemplates") or {}).values():
                return str(template)
        return ""

    def _source_arn(self, route_key: str) -> str:
        stage = self._stage["stageName"]
        return f"arn:aws:execute-api:{self._region}:{self._account}:{self._api_id}/{stage}/{route_key}"
