"""Ask the rules before MiniStack changes an HTTP API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import http_api
from labsupport.localcloud.rules.refusal import Refusal

Answer = Any
Handler = Callable[..., Answer]


class HttpRulesSeam:
    """The rules of HTTP APIs, in front of MiniStack's handlers."""

    def __init__(self) -> None:
        """Take MiniStack's module."""
        from ministack.services import apigateway

        self._v2: Any = apigateway

    def attach(self) -> None:
        """Stand before MiniStack's handlers."""
        replace(self._v2, "_create_authorizer", lambda original: self._creating(original, self._authorizer))
        replace(self._v2, "_update_authorizer", lambda original: self._updating(original, self._authorizer))
        replace(self._v2, "_create_integration", lambda original: self._creating(original, self._integration))
        replace(self._v2, "_create_route", lambda original: self._creating(original, self._route))
        replace(self._v2, "_create_stage", lambda original: self._creating(original, self._stage))
        replace(self._v2, "_update_integration", lambda original: self._updating(original, self._integration))
        replace(self._v2, "_update_route", lambda original: self._updating(original, self._route))

    def _creating(self, original: Handler, rule: Callable[..., Refusal | None]) -> Handler:
        def create(api_id: str, data: dict[str, Any]) -> Answer:
            return self._refused(api_id, rule(api_id, "", data)) or original(api_id, data)

        return create

    def _updating(self, original: Handler, rule: Callable[..., Refusal | None]) -> Handler:
        def update(api_id: str, item_id: str, data: dict[str, Any]) -> Answer:
            return self._refused(api_id, rule(api_id, item_id, data)) or original(api_id, item_id, data)

        return update

    def _refused(self, api_id: str, refusal: Refusal | None) -> Answer:
        api = self._v2._apis.get(api_id) or {}  # who has no API is told so by MiniStack
        if refusal is None or api.get("protocolType") != "HTTP":
            return None
        return self._v2._apigw_error(refusal.code, refusal.message, refusal.status)

    def _authorizer(self, api_id: str, item_id: str, data: dict[str, Any]) -> Refusal | None:
        stored = self._v2._authorizers.get(api_id, {}).get(item_id, {})
        return http_api.authorizer_problem({**stored, **data})

    def _integration(self, api_id: str, item_id: str, data: dict[str, Any]) -> Refusal | None:
        stored = self._v2._integrations.get(api_id, {}).get(item_id, {})
        return http_api.integration_problem({**stored, **data})

    def _route(self, api_id: str, item_id: str, data: dict[str, Any]) -> Refusal | None:
        routes = self._v2._routes.get(api_id, {})
        others = {route["routeKey"] for route_id, route in routes.items() if route_id != item_id}
        return http_api.route_problem({**routes.get(item_id, {}), **data}, others)

    def _stage(self, api_id: str, _item_id: str, data: dict[str, Any]) -> Refusal | None:
        return http_api.stage_problem(str(data.get("stageName")), self._v2._stages.get(api_id, {}))
