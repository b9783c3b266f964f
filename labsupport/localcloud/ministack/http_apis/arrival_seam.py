"""Where a request to an HTTP API arrives, and its answer leaves: at the door, before MiniStack's router.

REST and WebSocket APIs stay on MiniStack's way.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from labsupport.localcloud.api_gateway.http.exchange import (
    DEFAULT_STAGE,
    Headers,
    HttpAnswer,
    HttpExchange,
)
from labsupport.localcloud.gate import App, Receive, Scope, Send
from labsupport.localcloud.ministack.http_apis.answering_seam import MOST_BYTES, HttpAnsweringSeam
from labsupport.localcloud.ministack.http_apis.deployments_seam import HttpDeploymentsSeam
from labsupport.localcloud.ministack.http_apis.iam_seam import HOST

_PATH = re.compile(r"/_aws/execute-api/([^/]+)(/.*)?", re.DOTALL)

# Tell metrics and logs: the exchange, the stage's record, the answer, milliseconds.
Report = Callable[[HttpExchange, Mapping[str, Any], HttpAnswer, float], None]


class _Api(NamedTuple):
    account: str
    region: str
    id: str
    record: Mapping[str, Any]


class HttpArrivalSeam:
    """The data plane of HTTP APIs."""

    def __init__(
        self, deployments: HttpDeploymentsSeam, answering: HttpAnsweringSeam, report: Report
    ) -> None:
        """Take MiniStack's modules, and what does the parts."""
        from ministack.core import responses
        from ministack.services import apigateway

        self._responses: Any = responses
        self._v2: Any = apigateway
        self._deployments, self._answering, self._report = deployments, answering, report

    def before(self, app: App) -> App:
        """Return an application that serves HTTP APIs, and leaves everything else to `app`."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            addressed = _addressed(scope) if scope["type"] == "http" else None
            api = self._api(addressed[0]) if addressed else None
            if addressed is None or api is None:
                await app(scope, receive, send)
                return
            started = time.perf_counter()
            exchange = self._exchange(scope, api, addressed[1], await _body(receive))
            deployed = self._deployments.deployed(exchange)
            answer = await self._answering.answer(exchange, deployed, functools.partial(app, scope))
            answer.headers.append(("apigw-requestid", exchange.request_id))
            if deployed:
                self._report(exchange, deployed.stage, answer, (time.perf_counter() - started) * 1000)
            await _send(send, answer)

        return serve

    def _api(self, api_id: str) -> _Api | None:
        for (account, region, stored_id), record in self._v2._apis.all_items():
            if stored_id == api_id and record.get("protocolType") == "HTTP":
                return _Api(account, region, api_id, record)
        return None

    def _exchange(self, scope: Scope, api: _Api, raw_path: str, body: bytes | None) -> HttpExchange:
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
            body=body or b"",
            is_cut=body is None,
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
    by_host = HOST.fullmatch(host.lower())
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


async def _send(send: Send, answer: HttpAnswer) -> None:
    headers: Headers = [each for each in answer.headers if each[0] not in ("content-length", "connection")]
    if answer.status != 204:
        headers.append(("content-length", str(len(answer.body))))
    encoded = [(name.encode("latin-1"), value.encode("utf-8")) for name, value in headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": answer.body})
