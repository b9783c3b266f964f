"""Which routes a stage of an HTTP API serves: those of its deployment, or the present ones with auto-deploy.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from labsupport.localcloud.api_gateway.http.exchange import HttpExchange
from labsupport.localcloud.ministack.seams import replace

Answer = Any
# Where a deployment's record keeps what was deployed. SDKs drop what AWS's model doesn't name.
SNAPSHOT = "labSnapshot"
_AUTOMATIC = "Automatic deployment triggered by changes to the Api configuration"


class Deployed(NamedTuple):
    """What a stage serves. Each mapping is MiniStack's records by id."""

    stage: Mapping[str, Any]
    routes: Mapping[str, Any]
    integrations: Mapping[str, Any]
    authorizers: Mapping[str, Any]
    cors: Mapping[str, Any]


class HttpDeploymentsSeam:
    """Deployments of HTTP APIs, in MiniStack's records."""

    def __init__(self) -> None:
        """Take MiniStack's module."""
        from ministack.services import apigateway

        self._v2: Any = apigateway

    def attach(self) -> None:
        """Stand before MiniStack's handlers."""
        replace(self._v2, "_create_deployment", self._deploying)
        replace(self._v2, "_update_stage", self._updating)

    def deployed(self, exchange: HttpExchange) -> Deployed | None:
        """Return what the exchange's stage serves, or None: no such stage, or nothing deployed to it."""
        stage = self._v2._stages.get(exchange.api_id, {}).get(exchange.stage)
        if stage is None:
            return None
        if stage.get("autoDeploy"):
            return Deployed(stage, **self._present(exchange.api_id))
        deployments = self._v2._deployments.get(exchange.api_id, {})
        deployment = deployments.get(stage.get("deploymentId")) or {}
        return Deployed(stage, **deployment[SNAPSHOT]) if SNAPSHOT in deployment else None

    def _present(self, api_id: str) -> dict[str, Mapping[str, Any]]:
        return {
            "routes": self._v2._routes.get(api_id, {}),
            "integrations": self._v2._integrations.get(api_id, {}),
            "authorizers": self._v2._authorizers.get(api_id, {}),
            "cors": self._v2._apis[api_id].get("corsConfiguration") or {},
        }

    def _is_http(self, api_id: str) -> bool:
        return bool((self._v2._apis.get(api_id) or {}).get("protocolType") == "HTTP")

    def _deploying(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def create(api_id: str, data: dict[str, Any]) -> Answer:
            name = data.get("stageName")
            stage = self._v2._stages.get(api_id, {}).get(name)
            if not self._is_http(api_id):
                return original(api_id, data)
            if name and stage is None:
                return self._v2._apigw_error("NotFoundException", "Invalid stage identifier specified", 404)
            answer = original(api_id, data)
            deployment_id = json.loads(answer[2])["deploymentId"]
            record = self._v2._deployments[api_id][deployment_id]
            record[SNAPSHOT] = copy.deepcopy(self._present(api_id))
            if stage is not None:
                stage["deploymentId"] = deployment_id
            return answer

        return create

    def _updating(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def update(api_id: str, stage_name: str, data: dict[str, Any]) -> Answer:
            stage = self._v2._stages.get(api_id, {}).get(stage_name) or {}
            ends = bool(stage.get("autoDeploy")) and data.get("autoDeploy") is False
            if ends and self._is_http(api_id) and not data.get("deploymentId"):
                # The stage stays at what was deployed last.
                made = self._v2._create_deployment(api_id, {"description": _AUTOMATIC})
                data = {**data, "deploymentId": json.loads(made[2])["deploymentId"]}
            return original(api_id, stage_name, data)

        return update
