"""What API Gateway refuses when an HTTP API is built.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html
https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes.html
https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from labsupport.localcloud.rules.refusal import Refusal

SHORTEST_MS, LONGEST_MS = 50, 30_000
FORMATS = ("1.0", "2.0")
_ROUTE_KEY = re.compile(r"\$default|(ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) /\S*")


def integration_problem(integration: Mapping[str, Any]) -> Refusal | None:
    """Return the refusal of an integration as it would be, or None."""
    kind = integration.get("integrationType")
    if kind not in ("AWS_PROXY", "HTTP_PROXY"):
        return _bad(f"HTTP APIs have integrations of the types AWS_PROXY and HTTP_PROXY, not {kind}.")
    payload_format = integration.get("payloadFormatVersion")
    if kind == "AWS_PROXY" and not integration.get("integrationSubtype") and payload_format not in FORMATS:
        return _bad("PayloadFormatVersion is required for AWS_PROXY integrations: 1.0 or 2.0.")
    timeout_ms = integration.get("timeoutInMillis")
    if timeout_ms is not None and not SHORTEST_MS <= timeout_ms <= LONGEST_MS:
        return _bad(f"Timeout should be between {SHORTEST_MS} ms and {LONGEST_MS} ms")
    return None


def route_problem(route: Mapping[str, Any], existing_keys: Collection[str]) -> Refusal | None:
    """Return the refusal of a route as it would be, beside the keys of the API's other routes, or None."""
    key = str(route.get("routeKey"))
    if not _ROUTE_KEY.fullmatch(key):
        return _bad('The provided route key is not formatted properly: "GET /orders/{id}" or "$default".')
    if key in existing_keys:
        return Refusal("ConflictException", f"Route with key {key} already exists for this API", 409)
    return None


def stage_problem(name: str, existing: Collection[str]) -> Refusal | None:
    """Return the refusal of a new stage, or None."""
    return Refusal("ConflictException", "Stage already exists", 409) if name in existing else None


def _bad(message: str) -> Refusal:
    return Refusal("BadRequestException", message)
