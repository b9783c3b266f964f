"""Where a request to a REST API leaves for its integration: its cache, its permission, its time limit.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-integration-settings.html
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable
from typing import Any

from labsupport.localcloud.api_gateway import this_machine
from labsupport.localcloud.api_gateway.lambda_integration import with_stage_variables
from labsupport.localcloud.api_gateway.rest import proxy_event, proxy_response
from labsupport.localcloud.api_gateway.rest.exchange import Exchange
from labsupport.localcloud.api_gateway.rest.proxy_event import Arrival
from labsupport.localcloud.ministack.invoke_permission import api_gateway_may_invoke
from labsupport.localcloud.ministack.rest_apis.cache_seam import RestCacheSeam
from labsupport.localcloud.ministack.seams import replace

DEFAULT_TIMEOUT_MS = 29_000
INVALID_PERMISSIONS = "Invalid permissions on Lambda function"

Answer = Any

under_way: contextvars.ContextVar[Exchange] = contextvars.ContextVar("under_way")


class _Refused(Exception):
    """The integration can't be asked. The cause stands in the log, and the client doesn't learn it."""


class RestIntegrationSeam:
    """The integrations of REST APIs, around MiniStack's."""

    def __init__(self, cache: RestCacheSeam) -> None:
        """Take MiniStack's modules."""
        from ministack.services import apigateway_v1

        self._v1: Any = apigateway_v1
        self._cache = cache

    def attach(self) -> None:
        """Stand around MiniStack's functions."""
        replace(self._v1, "_build_lambda_event_v1", self._completing)
        replace(self._v1, "_call_lambda_raw", self._asking_permission)
        replace(self._v1, "_invoke_lambda_proxy_v1", lambda _original: self._proxy)
        replace(self._v1, "_invoke_http_proxy_v1", self._staying_on_this_machine)
        for name in (
            "_invoke_lambda_proxy_v1",
            "_invoke_lambda_custom_v1",
            "_invoke_sqs_v1",
            "_invoke_http_proxy_v1",
        ):
            replace(self._v1, name, self._integrating)
        replace(self._v1, "_invoke_mock_v1", self._mocking)

    def _completing(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def build(api_id: str, stage_name: str, *arguments: Any, **named: Any) -> Answer:
            exchange = under_way.get()
            key = self._v1._resolve_api_key(self._v1._api_key_from_request(exchange.headers))
            arrival = Arrival(
                request_id=exchange.request_id,
                extended_request_id=exchange.extended_request_id,
                trace_id=exchange.trace_id,
                domain_name=f"{api_id}.execute-api.{exchange.region}.amazonaws.com",
                stage_name=stage_name,
                api_key=key["value"] if key else None,
                api_key_id=key["id"] if key else None,
            )
            event = proxy_event.complete(original(api_id, stage_name, *arguments, **named), arrival)
            exchange.context["identity"] = event["requestContext"]["identity"]
            exchange.context["authorizer"] = event["requestContext"].get("authorizer", {})
            exchange.log.data("Endpoint request body after transformations", str(event))
            return event

        return build

    def _asking_permission(
        self, original: Callable[..., Awaitable[Answer]]
    ) -> Callable[..., Awaitable[Answer]]:
        async def call(function_ref: str, event: dict[str, Any], **scope: Any) -> Answer:
            exchange = under_way.get()
            if not exchange.context.get("credentials") and not api_gateway_may_invoke(
                function_ref, exchange.source_arn(), region=exchange.region
            ):
                raise _Refused(INVALID_PERMISSIONS)
            exchange.log.say(f"Sending request to {_endpoint(exchange.region, function_ref)}")
            return await original(function_ref, event, **scope)

        return call

    def _staying_on_this_machine(
        self, original: Callable[..., Awaitable[Answer]]
    ) -> Callable[..., Awaitable[Answer]]:
        async def ask(integration: dict[str, Any], *arguments: Any, **named: Any) -> Answer:
            if elsewhere := this_machine.problem(str(integration.get("uri", ""))):
                raise _Refused(elsewhere)
            return await original(integration, *arguments, **named)

        return ask

    def _integrating(self, original: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
        async def invoke(integration: dict[str, Any], *arguments: Any, **named: Any) -> Answer:
            exchange = under_way.get()
            exchange.method_record = self._method_record(exchange)
            kept = self._cache.lookup(exchange, integration)
            if kept is not None:
                return kept
            resolved = _with_stage_variables(integration, exchange)
            exchange.context["credentials"] = resolved.get("credentials")
            answer = await self._in_time(exchange, resolved, original(resolved, *arguments, **named))
            self._cache.keep(exchange, integration, answer)
            return answer

        return invoke

    async def _in_time(
        self, exchange: Exchange, integration: dict[str, Any], work: Awaitable[Answer]
    ) -> Answer:
        """Wait for an integration until its time limit. What it began goes on, as on AWS."""
        timeout_ms = int(integration.get("timeoutInMillis") or DEFAULT_TIMEOUT_MS)
        begun = time.monotonic()
        task = asyncio.ensure_future(work)
        await asyncio.wait({task}, timeout=timeout_ms / 1000)
        exchange.integration_seconds = time.monotonic() - begun
        if not task.done():
            exchange.log.say("Execution failed due to a timeout error", is_error=True)
            task.add_done_callback(lambda late: late.cancelled() or late.exception())
            return self._gateway_error("INTEGRATION_TIMEOUT", "Endpoint request timed out")
        try:
            return task.result()
        except _Refused as refused:
            exchange.log.say(f"Execution failed due to configuration error: {refused}", is_error=True)
            return self._gateway_error("API_CONFIGURATION_ERROR", "Internal server error")

    def _mocking(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def invoke(integration: dict[str, Any]) -> Answer:
            exchange = under_way.get()
            exchange.method_record = self._method_record(exchange)
            kept = self._cache.lookup(exchange, integration)
            if kept is not None:
                return kept
            exchange.integration_seconds = 0.0
            answer = original(integration)
            self._cache.keep(exchange, integration, answer)
            return answer

        return invoke

    async def _proxy(self, integration: dict[str, Any], api_id: str, *arguments: Any, **named: Any) -> Answer:
        """Ask the function behind a Lambda proxy integration."""
        exchange = under_way.get()
        binary = named["binary_media_types"]
        reference = self._v1._extract_lambda_ref_from_integration_uri(integration.get("uri", ""))
        event = self._v1._build_lambda_event_v1(
            api_id,
            *arguments,
            binary_media_types=binary,
            authorizer_context=named["authorizer_context"],
            caller_identity=named["caller_identity"],
        )
        result, missing = await self._v1._call_lambda_raw(
            reference, event, account_id=named["owner_account_id"], region=named["owner_region"]
        )
        if missing or result.get("throttle"):
            raise _Refused(INVALID_PERMISSIONS if missing else "Lambda was throttled")
        exchange.integration_status = 200
        exchange.log.data("Endpoint response body before transformations", str(result.get("body")))
        accept = exchange.headers.get("accept", "")

        def decodes(headers: proxy_response.Headers) -> bool:
            content_type = next((v for k, v in headers.items() if k.lower() == "content-type"), "")
            types = [first.strip() for first in accept.split(",")[:1]] + [str(content_type)]
            return any(self._v1._media_type_matches(one, binary) for one in types)

        try:
            if result.get("error"):
                raise proxy_response.MalformedResponse("the function failed")
            read = proxy_response.read(result.get("body"), decodes=decodes)
        except proxy_response.MalformedResponse:
            exchange.log.say(
                "Execution failed due to configuration error: Malformed Lambda proxy response", is_error=True
            )
            return self._malformed()
        return read.status, dict(read.headers), read.body

    def _malformed(self) -> Answer:
        """Return AWS's 502. It is no gateway response of its own: DEFAULT_5XX shapes it."""
        exchange = under_way.get()
        status, headers, body = self._v1._gateway_error_response(
            self._gateway_error("DEFAULT_5XX", "Internal server error"), exchange.request
        )
        customized = self._v1._deployed_gateway_responses.get(exchange.api_id, {}).get(
            exchange.stage.get("deploymentId")
        )
        if "DEFAULT_5XX" in (customized or {}):
            return status, headers, body
        return 502, headers, b'{"message": "Internal server error"}'

    def _method_record(self, exchange: Exchange) -> dict[str, Any]:
        for resource in self._v1._resources.get(exchange.api_id, {}).values():
            if resource["path"] == exchange.resource_path:
                methods = resource.get("resourceMethods") or {}
                return methods.get(exchange.method) or methods.get("ANY") or {}
        return {}

    def _gateway_error(self, response_type: str, message: str) -> Any:
        return self._v1._GatewayError(response_type, message, "InternalServerErrorException")


def _with_stage_variables(integration: dict[str, Any], exchange: Exchange) -> dict[str, Any]:
    """Return an integration with stage variables put in."""
    variables = exchange.stage.get("variables") or {}
    named = {name: integration[name] for name in ("uri", "credentials") if integration.get(name)}
    return {**integration, **{name: with_stage_variables(text, variables) for name, text in named.items()}}


def _endpoint(region: str, function_ref: str) -> str:
    return f"https://lambda.{region}.amazonaws.com/2015-03-31/functions/{function_ref}/invocations"
