"""What API Gateway refuses when an HTTP API is built.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-authorizers.html
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
LONGEST_TTL_SECONDS = 3600
FORMATS = ("1.0", "2.0")
_ROUTE_KEY = re.compile(r"\$default|(ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) /\S*")


def authorizer_problem(authorizer: Mapping[str, Any]) -> Refusal | None:
    """Return the refusal of an authorizer as it would be, or None."""
    kind = authorizer.get("authorizerType")
    if kind == "JWT":
        return _jwt_problem(authorizer.get("jwtConfiguration") or {})
    if kind != "REQUEST":
        return _bad(f"HTTP APIs have authorizers of the types REQUEST and JWT, not {kind}.")
    if not authorizer.get("authorizerUri"):
        return _bad("AuthorizerUri is required for REQUEST authorizers: the function's invoke URI.")
    if authorizer.get("authorizerPayloadFormatVersion") not in FORMATS:
        return _bad("AuthorizerPayloadFormatVersion is required for REQUEST authorizers: 1.0 or 2.0.")
    ttl_seconds = authorizer.get("authorizerResultTtlInSeconds")
    if ttl_seconds is not None and not 0 <= ttl_seconds <= LONGEST_TTL_SECONDS:
        return _bad(f"AuthorizerResultTtlInSeconds should be between 0 and {LONGEST_TTL_SECONDS}.")
    return None


def _jwt_problem(configuration: Mapping[str, Any]) -> Refusal | None:
    if not configuration.get("issuer"):
        return _bad("JwtConfiguration needs an Issuer, such as a user pool's.")
    if not configuration.get("audience"):
        return _bad("JwtConfiguration needs an Audience: for whom a token has to be.")
    return None


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
