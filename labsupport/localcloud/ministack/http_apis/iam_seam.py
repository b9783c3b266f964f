"""Where MiniStack checks a request's signature and policies, for routes with AWS_IAM.

The request goes through MiniStack's own application, and comes back at `handle_execute` if it may.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
"""

from __future__ import annotations

import contextvars
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from labsupport.localcloud.api_gateway.http.exchange import HttpAnswer, HttpExchange
from labsupport.localcloud.gate import Receive, Send
from labsupport.localcloud.ministack.seams import replace

HOST = re.compile(r"([a-z0-9]+)\.execute-api\.[^:/]+(?::\d+)?")

Integrate = Callable[[], Awaitable[HttpAnswer]]
Onward = Callable[[Receive, Send], Awaitable[None]]


@dataclass
class _Check:
    """A request that MiniStack is checking, and its integration's answer once it has passed."""

    exchange: HttpExchange
    integrate: Integrate
    answer: HttpAnswer | None = None


_under_way: contextvars.ContextVar[_Check] = contextvars.ContextVar("http_api_iam_check")


class HttpIamSeam:
    """AWS_IAM as the authorization of a route."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        import ministack.app
        from ministack.core import responses
        from ministack.services import apigateway

        self._app_module: Any = ministack.app
        self._responses: Any = responses
        self._v2: Any = apigateway

    def attach(self) -> None:
        """Let MiniStack know an API by every host that names it, and wait where a request has passed."""
        self._app_module._EXECUTE_API_RE = re.compile(HOST.pattern + r"\Z")  # whatever Region it names
        replace(self._v2, "handle_execute", self._passing)

    async def answer(self, exchange: HttpExchange, onward: Onward, integrate: Integrate) -> HttpAnswer | None:
        """Return what the integration answers, or None: the caller may not ask it.

        Args:
            exchange: the request. It learns who the caller is.
            onward: sends the request through MiniStack.
            integrate: asks the integration.
        """
        if not exchange.header("authorization") and "X-Amz-Signature" not in dict(exchange.query):
            return None
        check = _Check(exchange, integrate)
        token = _under_way.set(check)
        try:
            await onward(_receiving(exchange.body), _ignore)
        finally:
            _under_way.reset(token)
        return check.answer

    def _passing(self, original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
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
            check = _under_way.get(None)
            if check is None:  # a custom domain
                return await original(
                    api_id, stage, path, method, headers, body, query_params, raw_query_string
                )
            self._responses._request_account_id.set(check.exchange.account)
            self._responses._request_region.set(check.exchange.region)
            check.exchange.authorizer = {"iam": self._v2._iam_caller_identity_v2(headers, query_params)}
            check.answer = await check.integrate()
            return check.answer.status, {}, b""

        return handle


def _receiving(body: bytes) -> Receive:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _ignore(_message: Any) -> None:
    """Take what MiniStack would send: the client gets our answer."""
