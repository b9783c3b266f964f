"""Lambda authorizers of HTTP APIs: what the function is asked, what its answer means, how long it is kept.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple

from labsupport.localcloud.api_gateway.http import function_event
from labsupport.localcloud.api_gateway.http.exchange import HttpExchange

TIMEOUT_SECONDS = 10.0
MOST_CACHED = 1024


class Verdict(NamedTuple):
    """An authorizer's answer: it is kept, and judged anew for each route.

    Attributes:
        allowed: of a simple response, or None.
        policy: the policy document of the other kind.
        context: what the integration learns of the caller.
    """

    allowed: bool | None
    policy: Mapping[str, Any]
    context: dict[str, Any]

    def allows(self, route_arn: str) -> bool:
        """Tell whether a request may pass."""
        return self.allowed if self.allowed is not None else _policy_allows(self.policy, route_arn)


class VerdictCache:
    """Verdicts by authorizer and identity sources."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Read the time in seconds with `clock`."""
        self._clock = clock
        self._kept: dict[Hashable, tuple[float, Verdict]] = {}

    def get(self, key: Hashable) -> Verdict | None:
        """Return what is kept and still counts."""
        until, verdict = self._kept.get(key, (0.0, None))
        return verdict if until > self._clock() else None

    def keep(self, key: Hashable, verdict: Verdict, *, seconds: float) -> None:
        """Keep a verdict; the oldest one makes room."""
        if len(self._kept) >= MOST_CACHED:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = self._clock() + seconds, verdict


def identity(authorizer: Mapping[str, Any], exchange: HttpExchange) -> list[str] | None:
    """Return the values of the identity sources, or None when one is missing: then nobody is asked."""
    values = [_source(each, exchange) for each in authorizer.get("identitySource") or []]
    return values if all(values) else None


def event(
    authorizer: Mapping[str, Any], exchange: HttpExchange, identity_values: list[str], route_arn: str
) -> dict[str, Any]:
    """Return what the authorizer's function is asked, in its payload format."""
    if authorizer.get("authorizerPayloadFormatVersion") == "1.0":
        asked = function_event.version_1(exchange)
        extra: dict[str, Any] = {"methodArn": route_arn, "identitySource": ",".join(identity_values)}
        extra["authorizationToken"] = extra["identitySource"]
    else:
        asked = function_event.version_2(exchange)
        extra = {"routeArn": route_arn, "identitySource": identity_values or None}
    kept = {key: value for key, value in asked.items() if key not in ("body", "isBase64Encoded")}
    return {**kept, "type": "REQUEST", **extra}


def read(authorizer: Mapping[str, Any], payload: Any) -> Verdict | None:
    """Return the verdict of an authorizer's answer, or None when it is none: the client gets a 500."""
    if not isinstance(payload, dict):
        return None
    context = payload.get("context") or {}
    if not isinstance(context, dict):
        return None
    if authorizer.get("authorizerPayloadFormatVersion") != "1.0" and authorizer.get("enableSimpleResponses"):
        allowed = payload.get("isAuthorized")
        return Verdict(allowed, {}, context) if isinstance(allowed, bool) else None
    policy = payload.get("policyDocument")
    if not isinstance(policy, dict) or "principalId" not in payload:
        return None
    return Verdict(None, policy, {**context, "principalId": payload["principalId"]})


def ttl_seconds(authorizer: Mapping[str, Any]) -> int:
    """Return how long a verdict is kept: not at all where there is no identity source to know it by."""
    if not authorizer.get("identitySource"):
        return 0
    return int(authorizer.get("authorizerResultTtlInSeconds") or 0)


def _source(expression: str, exchange: HttpExchange) -> str:
    kind, _, name = expression.removeprefix("$").rpartition(".")
    if kind == "request.header":
        return exchange.header(name.lower())
    if kind == "request.querystring":
        return ",".join(value for key, value in exchange.query if key == name)
    if kind == "stageVariables":
        return str(exchange.stage_variables.get(name, ""))
    found = {
        "context.routeKey": exchange.route_key,
        "context.stage": exchange.stage,
        "context.apiId": exchange.api_id,
        "context.accountId": exchange.account,
        "context.httpMethod": exchange.method,
        "context.path": exchange.raw_path,
        "context.domainName": exchange.domain_name,
        "context.requestId": exchange.request_id,
        "context.identity.sourceIp": exchange.source_ip,
        "context.identity.userAgent": exchange.header("user-agent"),
    }
    return found.get(expression.removeprefix("$"), "")


def _policy_allows(policy: Mapping[str, Any], route_arn: str) -> bool:
    statements = policy.get("Statement") or []
    effects = {
        statement.get("Effect")
        for statement in ([statements] if isinstance(statements, dict) else statements)
        if isinstance(statement, dict) and _concerns(statement, route_arn)
    }
    return "Allow" in effects and "Deny" not in effects


def _concerns(statement: Mapping[str, Any], route_arn: str) -> bool:
    actions, resources = _list(statement.get("Action")), _list(statement.get("Resource"))
    return any(fnmatch.fnmatchcase("execute-api:invoke", str(each).lower()) for each in actions) and any(
        fnmatch.fnmatchcase(route_arn, str(each).replace("[", "[[]")) for each in resources
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
