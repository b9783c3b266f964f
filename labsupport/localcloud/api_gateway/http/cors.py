"""CORS of an HTTP API that has a corsConfiguration: API Gateway answers for the integration.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any

from labsupport.localcloud.api_gateway.http.exchange import Headers, HttpAnswer, HttpExchange


def preflight(configuration: Mapping[str, Any], exchange: HttpExchange) -> HttpAnswer | None:
    """Return the answer to a preflight request, or None when this is none."""
    if exchange.method != "OPTIONS" or not exchange.header("origin"):
        return None
    if not exchange.header("access-control-request-method"):
        return None
    headers = _allowed(configuration, exchange.header("origin"))
    if headers:
        for name, key in (("allow-methods", "allowMethods"), ("allow-headers", "allowHeaders")):
            if configuration.get(key):
                headers.append((f"access-control-{name}", ",".join(configuration[key])))
        if configuration.get("maxAge") is not None:
            headers.append(("access-control-max-age", str(configuration["maxAge"])))
    return HttpAnswer(204, headers)


def decorate(configuration: Mapping[str, Any], exchange: HttpExchange, answer: HttpAnswer) -> None:
    """Replace the integration's own CORS headers with the API's. A foreign origin gets none."""
    answer.headers = [each for each in answer.headers if not each[0].startswith("access-control-")]
    if origin := exchange.header("origin"):
        answer.headers += _allowed(configuration, origin)


def _allowed(configuration: Mapping[str, Any], origin: str) -> Headers:
    origins = [each.lower() for each in configuration.get("allowOrigins") or []]
    if not any(fnmatch.fnmatchcase(origin.lower(), each) for each in origins):
        return []
    headers = [("access-control-allow-origin", "*" if "*" in origins else origin)]
    if "*" not in origins:
        headers.append(("vary", "origin"))
    if configuration.get("allowCredentials"):
        headers.append(("access-control-allow-credentials", "true"))
    if configuration.get("exposeHeaders"):
        headers.append(("access-control-expose-headers", ",".join(configuration["exposeHeaders"])))
    return headers
