"""Where a request to a REST API is served, from its arrival to its answer.

MiniStack finds the resource, authorizes, checks keys, throttles and validates. Around that: the stage's
deployment and its limits. Behind it are the integrations (`integration_seam.py`).

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-rest-api.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from labsupport.localcloud.api_gateway.lambda_integration import authorizer_arn
from labsupport.localcloud.api_gateway.rest import log_lines
from labsupport.localcloud.api_gateway.rest.exchange import Exchange
from labsupport.localcloud.api_gateway.token_bucket import ACCOUNT_BURST, ACCOUNT_RATE, TokenBuckets
from labsupport.localcloud.ministack.invoke_permission import api_gateway_may_invoke
from labsupport.localcloud.ministack.rest_apis.cache_seam import RestCacheSeam
from labsupport.localcloud.ministack.rest_apis.deployments_seam import RestDeploymentsSeam
from labsupport.localcloud.ministack.rest_apis.integration_seam import RestIntegrationSeam, under_way
from labsupport.localcloud.ministack.seams import replace

MOST_BYTES = 10 * 1024 * 1024

Answer = Any
Report = Callable[[Exchange, int, dict[str, Any], bytes], None]


class RestApiSeam:
    """The data plane of REST APIs, around MiniStack's."""

    def __init__(
        self,
        deployments: RestDeploymentsSeam,
        cache: RestCacheSeam,
        report: Report,
        buckets: TokenBuckets,
    ) -> None:
        """Take MiniStack's modules. `report(exchange, status, headers, body)` tells of each answer."""
        from ministack.services import apigateway_v1

        self._v1: Any = apigateway_v1
        self._deployments, self._report, self._buckets = deployments, report, buckets
        self._integrations = RestIntegrationSeam(cache)

    def attach(self) -> None:
        """Stand around MiniStack's functions."""
        replace(self._v1, "handle_execute", self._serving)
        replace(self._v1, "_execute_in_scope", self._executing)
        replace(self._v1, "_check_throttle", self._throttling)
        replace(self._v1, "_gateway_error_response", self._noting_errors)
        replace(self._v1, "_invoke_authorizer_lambda", self._asking_for_authorizer)
        self._integrations.attach()

    async def execute(self, exchange: Exchange) -> tuple[int, dict[str, Any], bytes]:
        """Serve a request, and return its status, headers and body."""
        token = under_way.set(exchange)
        try:
            log_lines.log_arrival(exchange)
            answer = await self._v1._handle_execute_in_scope(
                exchange.api_id,
                exchange.stage_name,
                exchange.method,
                exchange.path,
                exchange.headers,
                exchange.body,
                exchange.query,
                exchange.account,
                exchange.region,
            )
        finally:
            under_way.reset(token)
        status, headers, body = answer
        headers = _with_ids(headers, exchange)
        log_lines.log_departure(exchange, status, headers, body)
        self._report(exchange, status, headers, body)
        return status, headers, body

    # What MiniStack's functions are wrapped in

    def _serving(self, original: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
        async def handle(
            api_id: str, stage: str, method: str, path: str, headers: Any, body: bytes, query: Any
        ) -> Answer:
            scope = self._v1.find_api_scope(api_id)
            if scope is None:
                return await original(api_id, stage, method, path, headers, body, query)
            account, region = scope
            sent = dict(headers or {}), dict(query or {}), body or b""
            exchange = Exchange(account, region, api_id, stage, method, path, *sent)
            with self._v1.request_scope(*scope), self._deployments.serving((*scope, api_id), stage):
                return await self.execute(exchange)

        return handle

    def _executing(self, original: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
        async def execute(request: dict[str, Any], api_id: str, *arguments: Any) -> Answer:
            exchange = under_way.get()
            request["request_id"] = exchange.request_id
            exchange.request = request
            if len(exchange.body) > MOST_BYTES:
                request["stage"] = self._v1._stages_v1.get(api_id, {}).get(exchange.stage_name) or {}
                return self._v1._GatewayError("REQUEST_TOO_LARGE", "Request Too Long")
            return await original(request, api_id, *arguments)

        return execute

    def _throttling(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def check(*arguments: Any) -> Any:
            exchange = under_way.get()
            key = "account", exchange.account, exchange.region
            if not self._buckets.take(key, rate=ACCOUNT_RATE, burst=ACCOUNT_BURST):
                return self._v1._GatewayError("THROTTLED", "Too Many Requests")
            return original(*arguments)

        return check

    def _noting_errors(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def respond(error: Any, request: dict[str, Any]) -> Answer:
            exchange = under_way.get(None)
            if exchange is not None:
                exchange.error = (error.response_type, error.message)
            return original(error, request)

        return respond

    def _asking_for_authorizer(
        self, original: Callable[..., Awaitable[Answer]]
    ) -> Callable[..., Awaitable[Answer]]:
        async def invoke(authorizer: dict[str, Any], event: Any, account: str, region: str) -> Answer:
            exchange = under_way.get()
            exchange.log.say(f"Starting authorizer: {authorizer['id']} for request: {exchange.request_id}")
            source = authorizer_arn(region, account, exchange.api_id, authorizer["id"])
            function = self._v1._extract_lambda_ref_from_integration_uri(authorizer.get("authorizerUri", ""))
            if not authorizer.get("authorizerCredentials") and not api_gateway_may_invoke(
                function, source, region=region
            ):
                exchange.log.say(
                    "Execution failed due to configuration error: Invalid permissions on Lambda function",
                    is_error=True,
                )
                return None
            return await original(authorizer, event, account, region)

        return invoke


def _with_ids(headers: dict[str, Any], exchange: Exchange) -> dict[str, Any]:
    ids = {"x-amzn-requestid": exchange.request_id, "x-amz-apigw-id": exchange.extended_request_id}
    if exchange.integration_seconds is not None:
        ids["X-Amzn-Trace-Id"] = exchange.trace_id
    taken = {name.lower() for name in ids}
    return {name: value for name, value in headers.items() if name.lower() not in taken} | ids
