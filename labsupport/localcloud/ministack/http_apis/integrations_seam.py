"""What an HTTP API's integrations answer: functions, and HTTP servers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labsupport.localcloud.api_gateway import lambda_integration, this_machine
from labsupport.localcloud.api_gateway.http import function_event, http_server, response, routes
from labsupport.localcloud.api_gateway.http.exchange import HttpAnswer, HttpExchange
from labsupport.localcloud.api_gateway.http.response import MalformedResponse
from labsupport.localcloud.api_gateway.lambda_integration import LambdaIntegration, Outcome
from labsupport.localcloud.rules import lambda_payload

DEFAULT_TIMEOUT_MS = 30_000
_MAYBE_TOO_LARGE = 4 * 1024**2  # below it, base64 stays within Lambda's 6 MB

# A function that can't run now is no fault of the caller, nor of the API's owner.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
_UNAVAILABLE = (503, "Service Unavailable")
_REFUSALS = {Outcome.THROTTLED: _UNAVAILABLE, Outcome.TIMED_OUT: _UNAVAILABLE}
_INTERNAL = (500, "Internal Server Error")


class HttpIntegrationsSeam:
    """Ask the integration of a route."""

    def __init__(self, functions: LambdaIntegration) -> None:
        """Invoke with `functions`. Parameter mappings are MiniStack's."""
        from ministack.services import apigateway

        self._v2: Any = apigateway
        self._functions = functions

    async def answer(
        self, exchange: HttpExchange, route: Mapping[str, Any], integrations: Mapping[str, Any]
    ) -> HttpAnswer:
        """Return what the client gets."""
        integration = integrations.get(str(route.get("target", "")).rpartition("/")[2])
        if integration is None:
            return self._refused(exchange, _INTERNAL, "The route has no integration.")
        if integration.get("integrationType") == "HTTP_PROXY":
            return await self._http(exchange, integration)
        return await self._function(exchange, integration)

    async def _function(self, exchange: HttpExchange, integration: Mapping[str, Any]) -> HttpAnswer:
        payload_format = str(integration.get("payloadFormatVersion") or "2.0")
        event = function_event.build(exchange, payload_format)
        if len(exchange.body) > _MAYBE_TOO_LARGE and len(json.dumps(event)) > lambda_payload.MOST_BYTES:
            return self._refused(exchange, (413, "Request Entity Too Large"), "More than Lambda takes.")
        uri = str(integration.get("integrationUri") or "")
        found = await self._functions.ask(
            lambda_integration.with_stage_variables(uri, exchange.stage_variables),
            event,
            source_arn=_source_arn(exchange),
            timeout_seconds=_timeout_seconds(integration),
        )
        exchange.integration_ms = found.milliseconds
        if found.outcome is not Outcome.ANSWERED:
            return self._refused(exchange, _REFUSALS.get(found.outcome, _INTERNAL), found.error_message)
        exchange.integration_status = 200
        try:
            return response.read(found.payload, payload_format)
        except MalformedResponse as error:
            return self._refused(exchange, _INTERNAL, str(error))

    async def _http(self, exchange: HttpExchange, integration: Mapping[str, Any]) -> HttpAnswer:
        query: dict[str, list[str]] = {}
        for name, value in exchange.query:
            query.setdefault(name, []).append(value)
        headers, query, path = self._v2._apply_request_parameter_mappings(
            integration,
            request_headers={name: exchange.header(name) for name, _value in exchange.headers},
            request_query=query,
            request_path=exchange.path,
            path_params=dict(exchange.path_parameters),
            context_vars={"routeKey": exchange.route_key, "stage": exchange.stage},
            stage_vars=dict(exchange.stage_variables),
        )
        url = str(integration.get("integrationUri") or "").rstrip("/") + path
        if elsewhere := this_machine.problem(url):
            return self._refused(exchange, _UNAVAILABLE, elsewhere)
        found = await http_server.ask(
            url,
            method=exchange.method,
            headers=headers,
            query=query,
            body=exchange.body,
            timeout_seconds=_timeout_seconds(integration),
        )
        exchange.integration_ms = found.milliseconds
        if found.answer is None:
            return self._refused(exchange, _UNAVAILABLE, found.error_message)
        exchange.integration_status = found.answer.status
        return found.answer

    def _refused(self, exchange: HttpExchange, refusal: tuple[int, str], reason: str) -> HttpAnswer:
        """Tell the client no more than AWS does. The reason is for the access log."""
        status, exchange.error = refusal
        exchange.integration_error = reason
        return response.message(status, exchange.error)


def _timeout_seconds(integration: Mapping[str, Any]) -> float:
    return float(integration.get("timeoutInMillis") or DEFAULT_TIMEOUT_MS) / 1000


def _source_arn(exchange: HttpExchange) -> str:
    # The `$default` route has no method: its ARN ends with "$default".
    if exchange.route_key == routes.DEFAULT_ROUTE:
        prefix = f"arn:aws:execute-api:{exchange.region}:{exchange.account}:{exchange.api_id}"
        return f"{prefix}/{exchange.stage}/{routes.DEFAULT_ROUTE}"
    return lambda_integration.source_arn(
        exchange.region,
        exchange.account,
        exchange.api_id,
        stage=exchange.stage,
        method=exchange.method,
        resource_path=routes.resource_path(exchange.route_key),
    )
