"""Ask a route's authorizer: a function, or the issuer of a JSON Web Token.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from labsupport.localcloud.api_gateway import lambda_integration
from labsupport.localcloud.api_gateway.http import function_event, lambda_authorizer
from labsupport.localcloud.api_gateway.http.exchange import HttpExchange
from labsupport.localcloud.api_gateway.http.lambda_authorizer import Verdict, VerdictCache
from labsupport.localcloud.api_gateway.lambda_integration import LambdaIntegration, Outcome
from labsupport.localcloud.gate import is_loopback_name
from labsupport.localcloud.ministack.seams import replace

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
ISSUER_TIMEOUT_SECONDS = 1.5
UNAUTHORIZED, FORBIDDEN = (401, "Unauthorized"), (403, "Forbidden")
INTERNAL = (500, "Internal Server Error")

Refusal = tuple[int, str]


class HttpAuthorizersSeam:
    """The authorizers of HTTP APIs."""

    def __init__(self, functions: LambdaIntegration) -> None:
        """Invoke authorizers with `functions`; tokens are checked by MiniStack."""
        from ministack.services import apigateway

        self._v2: Any = apigateway
        self._functions = functions
        self._verdicts = VerdictCache()

    def attach(self) -> None:
        """Keep MiniStack from asking an issuer that isn't on this machine."""
        self._v2._JWKS_TIMEOUT_SECONDS = ISSUER_TIMEOUT_SECONDS
        replace(self._v2, "_fetch_oidc_jwks_uri", lambda original: _on_this_machine(original, None))
        replace(self._v2, "_fetch_jwks", lambda original: _on_this_machine(original, {}))

    async def refusal(
        self, exchange: HttpExchange, route: Mapping[str, Any], authorizers: Mapping[str, Any]
    ) -> Refusal | None:
        """Return status and message for a caller who may not pass, or None."""
        kind = route.get("authorizationType") or "NONE"
        if kind == "NONE":
            return None
        authorizer = authorizers.get(str(route.get("authorizerId")))
        if authorizer is None:
            return INTERNAL
        ask = self._token if kind == "JWT" else self._function
        return await ask(exchange, route, authorizer)

    async def _token(
        self, exchange: HttpExchange, route: Mapping[str, Any], authorizer: Mapping[str, Any]
    ) -> Refusal | None:
        headers = {name: exchange.header(name) for name, _value in exchange.headers}
        query: dict[str, list[str]] = {}
        for name, value in exchange.query:
            query.setdefault(name, []).append(value)
        try:
            claims, scopes, error = await self._v2._validate_jwt_authorizer(route, authorizer, headers, query)
        except (TypeError, ValueError, AttributeError):  # a claim that is no number, a part that is no object
            return UNAUTHORIZED
        if error is not None:
            return FORBIDDEN if error[0] == 403 else UNAUTHORIZED
        if not isinstance(claims.get("exp"), int | float):  # MiniStack takes a token without an end
            return UNAUTHORIZED
        granted = scopes if route.get("authorizationScopes") else None
        exchange.authorizer = {"jwt": {"claims": function_event.claims(claims), "scopes": granted}}
        return None

    async def _function(
        self, exchange: HttpExchange, _route: Mapping[str, Any], authorizer: Mapping[str, Any]
    ) -> Refusal | None:
        values = lambda_authorizer.identity(authorizer, exchange)
        if values is None:
            return UNAUTHORIZED
        key = (exchange.api_id, exchange.stage, authorizer["authorizerId"], *values)
        seconds = lambda_authorizer.ttl_seconds(authorizer)
        verdict = self._verdicts.get(key) if seconds else None
        if verdict is None:
            verdict = await self._asked(exchange, authorizer, values)
            if verdict is None:
                return INTERNAL
            if seconds:
                self._verdicts.keep(key, verdict, seconds=seconds)
        if not verdict.allows(_route_arn(exchange)):
            return FORBIDDEN
        exchange.authorizer = {"lambda": verdict.context}
        return None

    async def _asked(
        self, exchange: HttpExchange, authorizer: Mapping[str, Any], values: list[str]
    ) -> Verdict | None:
        where = exchange.region, exchange.account, exchange.api_id
        found = await self._functions.ask(
            lambda_integration.with_stage_variables(authorizer["authorizerUri"], exchange.stage_variables),
            lambda_authorizer.event(authorizer, exchange, values, _route_arn(exchange)),
            source_arn=lambda_integration.authorizer_arn(*where, authorizer["authorizerId"]),
            timeout_seconds=lambda_authorizer.TIMEOUT_SECONDS,
        )
        if found.outcome is not Outcome.ANSWERED:
            exchange.integration_error = found.error_message
            return None
        return lambda_authorizer.read(authorizer, found.payload)


def _route_arn(exchange: HttpExchange) -> str:
    return lambda_integration.source_arn(
        exchange.region,
        exchange.account,
        exchange.api_id,
        stage=exchange.stage,
        method=exchange.method,
        resource_path=exchange.path,
    )


def _on_this_machine(original: Callable[[str], Awaitable[Any]], otherwise: Any) -> Callable[..., Any]:
    async def fetch(url: str) -> Any:
        return await original(url) if is_loopback_name(urlsplit(url).netloc.lower()) else otherwise

    return fetch
