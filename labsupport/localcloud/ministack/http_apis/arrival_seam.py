"""Where a request to an HTTP API leaves MiniStack: at the door, before its router.

Only a route with AWS_IAM still goes through MiniStack, which checks signature and policies, and comes back
at `handle_execute`. REST and WebSocket APIs stay on MiniStack's way.
"""

from __future__ import annotations

import contextvars
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from labsupport.localcloud.api_gateway.http import cors, response, routes
from labsupport.localcloud.api_gateway.http.exchange import (
    DEFAULT_STAGE,
    Headers,
    HttpAnswer,
    HttpExchange,
)
from labsupport.localcloud.api_gateway.token_bucket import ACCOUNT_BURST, ACCOUNT_RATE, TokenBuckets
from labsupport.localcloud.gate import App, Receive, Scope, Send
from labsupport.localcloud.ministack.http_apis.authorizers_seam import HttpAuthorizersSeam
from labsupport.localcloud.ministack.http_apis.deployments_seam import Deployed, HttpDeploymentsSeam
from labsupport.localcloud.ministack.http_apis.integrations_seam import HttpIntegrationsSeam
from labsupport.localcloud.ministack.seams import replace

MOST_BYTES = 10 * 1024**2
_PATH = re.compile(r"/_aws/execute-api/([^/]+)(/.*)?", re.DOTALL)
_HOST = re.compile(r"([a-z0-9]+)\.execute-api\.[^:/]+(?::\d+)?")

# Tell metrics and logs: the exchange, the stage's record, the answer, milliseconds.
Report = Callable[[HttpExchange, Mapping[str, Any], HttpAnswer, float], None]
_exchange: contextvars.ContextVar[HttpExchange] = contextvars.ContextVar("http_exchange")


class _Api(NamedTuple):
    account: str
    region: str
    id: str
    record: Mapping[str, Any]


class HttpApiSeam:
    """The data plane of HTTP APIs."""

    def __init__(
        self,
        deployments: HttpDeploymentsSeam,
        authorizers: HttpAuthorizersSeam,
        integrations: HttpIntegrationsSeam,
        buckets: TokenBuckets,
        report: Report,
    ) -> None:
        """Take MiniStack's modules, and what does the parts."""
        import ministack.app
        from ministack.core import responses
        from ministack.services import apigateway

        self._app_module: Any = ministack.app
        self._responses: Any = responses
        self._v2: Any = apigateway
        self._deployments, self._authorizers = deployments, authorizers
        self._integrations, self._buckets, self._report = integrations, buckets, report

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        self._app_module._EXECUTE_API_RE = re.compile(_HOST.pattern + r"\Z")  # whatever Region it names
        replace(self._v2, "handle_execute", self._coming_back)

    def before(self, app: App) -> App:
        """Return an application that serves HTTP APIs, and leaves everything else to `app`."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            addressed = _addressed(scope) if scope["type"] == "http" else None
            api = self._api(addressed[0]) if addressed else None
            if addressed is None or api is None:
                await app(scope, receive, send)
                return
            started = time.perf_counter()
            body = await _body(receive)
            exchange = self._arrival(scope, api, addressed[1], body)
            deployed = self._deployments.deployed(exchange)
            answer = await self._answer(exchange, deployed, scope, app)
            answer.headers.append(("apigw-requestid", exchange.request_id))
            if deployed:
                self._report(exchange, deployed.stage, answer, (time.perf_counter() - started) * 1000)
            await _send(send, answer, head=exchange.method == "HEAD")

        return serve

    # From arrival to answer

    async def _answer(
        self, exchange: HttpExchange, deployed: Deployed | None, scope: Scope, app: App
    ) -> HttpAnswer:
        if deployed is None:
            return response.message(404, "Not Found")
        if deployed.cors and (preflight := cors.preflight(deployed.cors, exchange)):
            return preflight
        answer = await self._routed(exchange, deployed, scope, app)
        if deployed.cors:
            cors.decorate(deployed.cors, exchange, answer)
        return answer

    async def _routed(self, exchange: HttpExchange, deployed: Deployed, scope: Scope, app: App) -> HttpAnswer:
        if exchange.body is None or len(exchange.body) > MOST_BYTES:
            return _said(exchange, 413, "Request Entity Too Large")
        path = "/" + exchange.path.lstrip("/")
        match = routes.find(deployed.routes.values(), exchange.method, path)
        if match is None:
            return _said(exchange, 404, "Not Found")
        exchange.route_key, exchange.path_parameters = match.route["routeKey"], match.path_parameters
        if not self._admits(exchange, deployed.stage):
            return _said(exchange, 429, "Too Many Requests")
        kind = match.route.get("authorizationType") or "NONE"
        if kind == "AWS_IAM":
            return await self._through_ministack(exchange, scope, app)
        refusal = await self._authorizers.refusal(exchange, match.route, deployed.authorizers)
        if refusal is not None:
            return _said(exchange, *refusal)
        return await self._integrations.answer(exchange, match.route, deployed.integrations)

    def _admits(self, exchange: HttpExchange, stage: Mapping[str, Any]) -> bool:
        """Ask the route's bucket, then the account's.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
        """
        settings = {
            **(stage.get("defaultRouteSettings") or {}),
            **((stage.get("routeSettings") or {}).get(exchange.route_key) or {}),
        }
        rate = settings.get("throttlingRateLimit")
        burst = settings.get("throttlingBurstLimit")
        if rate is not None or burst is not None:
            route = (exchange.api_id, exchange.stage, exchange.route_key)
            rate = ACCOUNT_RATE if rate is None else float(rate)
            if not self._buckets.take(route, rate=rate, burst=ACCOUNT_BURST if burst is None else burst):
                return False
        account = (exchange.account, exchange.region)
        return self._buckets.take(account, rate=ACCOUNT_RATE, burst=ACCOUNT_BURST)

    async def _through_ministack(self, exchange: HttpExchange, scope: Scope, app: App) -> HttpAnswer:
        """Let MiniStack check signature and policies; it comes back at `handle_execute`."""
        if not exchange.header("authorization") and "X-Amz-Signature" not in dict(exchange.query):
            return _said(exchange, 403, "Forbidden")
        received: list[Any] = []

        async def send(message: Any) -> None:
            received.append(message)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": exchange.body, "more_body": False}

        token = _exchange.set(exchange)
        try:
            await app(scope, receive, send)
        finally:
            _exchange.reset(token)
        came_back = exchange.authorizer.pop("answer", None)
        return came_back if came_back is not None else _said(exchange, 403, "Forbidden")

    def _coming_back(self, original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def handle(
            api_id: str,
            stage: str,
            path: str,
            method: str,
            headers: dict[str, str],
            body: bytes,
            query_params: dict[str, list[str]],
            raw_query_string: str | None = None,
        ) -> Any:
            exchange = _exchange.get(None)
            if exchange is None:  # a custom domain
                return await original(
                    api_id, stage, path, method, headers, body, query_params, raw_query_string
                )
            self._responses._request_account_id.set(exchange.account)
            self._responses._request_region.set(exchange.region)
            exchange.authorizer = {"iam": self._v2._iam_caller_identity_v2(headers, query_params)}
            deployed = self._deployments.deployed(exchange)
            assert deployed is not None
            match = routes.find(deployed.routes.values(), exchange.method, "/" + exchange.path.lstrip("/"))
            assert match is not None
            answer = await self._integrations.answer(exchange, match.route, deployed.integrations)
            exchange.authorizer["answer"] = answer
            return answer.status, {}, b""

        return handle

    # What a request is about

    def _api(self, api_id: str) -> _Api | None:
        for (account, region, stored_id), record in self._v2._apis.all_items():
            if stored_id == api_id and record.get("protocolType") == "HTTP":
                return _Api(account, region, api_id, record)
        return None

    def _arrival(self, scope: Scope, api: _Api, raw_path: str, body: bytes | None) -> HttpExchange:
        self._responses._request_account_id.set(api.account)
        self._responses._request_region.set(api.region)
        stage, path = self._stage_and_path(api.id, self._v2.decode_http_api_path(raw_path))
        raw_query = scope.get("query_string", b"").decode("latin-1")
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        client = (scope.get("client") or ("127.0.0.1", 0))[0]
        known = {name for name, _value in headers}
        port = str((scope.get("server") or ("", 0))[1])
        added = {"x-forwarded-for": client, "x-forwarded-port": port, "x-forwarded-proto": "http"}
        headers += [(name, value) for name, value in added.items() if name not in known]
        return HttpExchange(
            account=api.account,
            region=api.region,
            api_id=api.id,
            stage=stage,
            method=scope["method"],
            path=path,
            raw_query=raw_query,
            headers=headers,
            query=parse_qsl(raw_query, keep_blank_values=True),
            body=body,  # type: ignore[arg-type]
            source_ip=client,
            protocol=f"HTTP/{scope.get('http_version', '1.1')}",
            domain_name=f"{api.id}.execute-api.{api.region}.localhost",
            stage_variables=(self._v2._stages.get(api.id, {}).get(stage) or {}).get("stageVariables") or {},
        )

    def _stage_and_path(self, api_id: str, path: str) -> tuple[str, str]:
        """Return the stage that the first segment names, or else `$default`, and the path without it."""
        first, slash, rest = path.lstrip("/").partition("/")
        stages = self._v2._stages.get(api_id, {})
        if first in stages or (first == DEFAULT_STAGE):
            return first, f"/{rest}" if slash else "/"
        return DEFAULT_STAGE, path or "/"


def _addressed(scope: Scope) -> tuple[str, str] | None:
    """Return the API's id and the raw path behind it, by path or by Host, or None."""
    raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    if raw_path.startswith("/_aws/execute-api/"):
        match = _PATH.fullmatch(raw_path)
        return (match.group(1), match.group(2) or "/") if match else None
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    by_host = _HOST.fullmatch(host.lower())
    return (by_host.group(1), raw_path) if by_host else None


async def _body(receive: Receive) -> bytes | None:
    """Return the body, or None when it is longer than API Gateway takes."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body") or b""
        size += len(part)
        if size <= MOST_BYTES:
            parts.append(part)
        more = bool(message.get("more_body")) and message["type"] == "http.request"
    return b"".join(parts) if size <= MOST_BYTES else None


def _said(exchange: HttpExchange, status: int, text: str) -> HttpAnswer:
    exchange.error = text
    return response.message(status, text)


async def _send(send: Send, answer: HttpAnswer, *, head: bool) -> None:
    headers: Headers = [each for each in answer.headers if each[0] not in ("content-length", "connection")]
    if answer.status != 204:
        headers.append(("content-length", str(len(answer.body))))
    encoded = [(name.encode("latin-1"), value.encode("utf-8")) for name, value in headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})
