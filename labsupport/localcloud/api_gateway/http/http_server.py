"""HTTP_PROXY integrations: hand a request to an HTTP server, and its answer back as it is.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-http.html
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import httpx

from labsupport.localcloud.api_gateway.http.exchange import HttpAnswer

# They are about one connection, and not about what it carries.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
_OF_THE_CONNECTION = {
    *("connection", "host", "keep-alive", "proxy-authenticate", "te", "trailer", "transfer-encoding"),
    *("upgrade", "content-length", "expect"),
}


class ServerAnswer(NamedTuple):
    """What came of asking.

    Attributes:
        answer: the server's, whatever its status, or None: it gave none.
        milliseconds: how long it took.
        error_message: for a log, never for the client, why there is no answer.
    """

    answer: HttpAnswer | None
    milliseconds: float
    error_message: str = ""


async def ask(
    url: str,
    *,
    method: str,
    headers: Mapping[str, str],
    query: Mapping[str, str | Sequence[str]],
    body: bytes,
    timeout_seconds: float,
) -> ServerAnswer:
    """Send one request. A redirection is an answer like others."""
    started = time.perf_counter()

    def after(answer: HttpAnswer | None, error_message: str = "") -> ServerAnswer:
        return ServerAnswer(answer, (time.perf_counter() - started) * 1000, error_message)

    passed = [each for each in headers.items() if each[0].lower() not in _OF_THE_CONNECTION]
    try:
        request = httpx.Request(method, url, params=query or None, headers=passed, content=body or None)
        async with asyncio.timeout(timeout_seconds):
            return after(await _send(request))
    except TimeoutError:
        return after(None, "Endpoint request timed out")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return after(None, f"The endpoint gave no answer: {error or type(error).__name__}")


async def _send(request: httpx.Request) -> HttpAnswer:
    async with httpx.AsyncClient(trust_env=False, timeout=None) as client:  # the time-out is the caller's
        response = await client.send(request, stream=True)
        try:
            body = b"".join([part async for part in response.aiter_raw()])  # compressed as it came
        finally:
            await response.aclose()
    headers = [(name.lower(), value) for name, value in response.headers.multi_items()]
    kept = [each for each in headers if each[0] not in _OF_THE_CONNECTION]
    return HttpAnswer(response.status_code, kept, body)
