"""The cache of a stage, between MiniStack's checks and the integration."""

from __future__ import annotations

from typing import Any

from labsupport.localcloud.api_gateway.rest import response_cache
from labsupport.localcloud.api_gateway.rest.exchange import Exchange
from labsupport.localcloud.api_gateway.rest.response_cache import Response, ResponseCache

DEFAULT_TTL_SECONDS = 300


class RestCacheSeam:
    """What a stage's settings make of its cache."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        import ministack.app
        from ministack.core import router
        from ministack.services import apigateway_v1

        self._app: Any = ministack.app
        self._router: Any = router
        self._v1: Any = apigateway_v1
        self._cache = ResponseCache()

    def lookup(self, exchange: Exchange, integration: dict[str, Any]) -> Any:
        """Return the cached answer, a refusal, or None when the integration has to be asked."""
        if not _is_cached(exchange):
            return None
        stage, key = _stage(exchange), _key(exchange, integration)
        if response_cache.asks_for_a_new_response(exchange.headers):
            allowed = not exchange.setting("requireAuthorizationForCacheControl", True)
            if allowed or self._may_invalidate(exchange):
                exchange.cache_hit = False
                return None
            strategy = exchange.setting(
                "unauthorizedCacheControlHeaderStrategy", "SUCCEED_WITH_RESPONSE_HEADER"
            )
            if strategy == "FAIL_WITH_403":
                return self._v1._GatewayError("ACCESS_DENIED", "Unauthorized cache invalidation")
            exchange.context["warn"] = strategy == "SUCCEED_WITH_RESPONSE_HEADER"
        kept = self._cache.get(stage, key)
        exchange.cache_hit = kept is not None
        return _warned(exchange, kept) if kept else None

    def keep(self, exchange: Exchange, integration: dict[str, Any], answer: Any) -> None:
        """Keep what the integration answered."""
        if exchange.cache_hit is None or not isinstance(answer, tuple):
            return
        ttl_seconds = exchange.setting("cacheTtlInSeconds", DEFAULT_TTL_SECONDS)
        self._cache.put(_stage(exchange), _key(exchange, integration), answer, ttl_seconds)

    def flush(self, account: str, region: str, api_id: str, stage_name: str) -> None:
        """Forget everything that a stage has cached."""
        self._cache.flush((account, region, api_id, stage_name))

    def _may_invalidate(self, exchange: Exchange) -> bool:
        """Ask IAM whether the caller may have a new response. Who doesn't sign has no policy that says so."""
        if not self._router.extract_access_key_id(exchange.headers, exchange.query):
            return False
        refused = self._app._enforce_data_plane(
            "apigateway",
            "execute-api:InvalidateCache",
            exchange.headers,
            exchange.query,
            "",
            resource_arn=exchange.source_arn(),
        )
        return refused is None


def _is_cached(exchange: Exchange) -> bool:
    """Tell whether the method's responses are cached: GET by default, others when their setting says so."""
    if not exchange.stage.get("cacheClusterEnabled"):
        return False
    settings = exchange.stage.get("methodSettings") or {}
    own = settings.get(f"{exchange.resource_path.lstrip('/')}/{exchange.method}") or settings.get(
        f"{exchange.resource_path}/{exchange.method}"
    )
    if own is not None:
        return bool(own.get("cachingEnabled"))
    return exchange.method == "GET" and bool(exchange.setting("cachingEnabled", False))


def _stage(exchange: Exchange) -> response_cache.Stage:
    return exchange.account, exchange.region, exchange.api_id, exchange.stage_name


def _key(exchange: Exchange, integration: dict[str, Any]) -> response_cache.Key:
    return response_cache.key_of(
        integration,
        exchange.resource_path,
        exchange.method,
        path=exchange.request.get("path_params") or {},
        query=exchange.query,
        headers=exchange.headers,
    )


def _warned(exchange: Exchange, response: Response) -> Response:
    status, headers, body = response
    headers = dict(headers)
    if exchange.context.get("warn"):
        name, value = response_cache.IGNORED_HEADER
        headers[name] = value
    return status, headers, body
