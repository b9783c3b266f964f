"""REST APIs as the lab has them: the seams around MiniStack's, put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.localcloud.api_gateway.rest_exchange import Exchange
from labsupport.localcloud.ministack.rest_api_seam import RestApiSeam
from labsupport.localcloud.ministack.rest_cache_seam import RestCacheSeam
from labsupport.localcloud.ministack.rest_control_seam import RestControlSeam
from labsupport.localcloud.ministack.rest_deployments_seam import RestDeploymentsSeam
from labsupport.localcloud.ministack.rest_usage_seam import RestUsageSeam


class RestApis:
    """Everything that stands around MiniStack's REST APIs."""

    def __init__(self) -> None:
        """Make the seams."""
        self._deployments = RestDeploymentsSeam()
        self._usage = RestUsageSeam()
        self._cache = RestCacheSeam()
        self._data_plane = RestApiSeam(self._deployments, self._cache, self._report)
        self._control = RestControlSeam(self._deployments, self._cache, self._usage, self._data_plane)

    def attach(self) -> None:
        """Attach each of them."""
        for seam in (self._deployments, self._usage, self._data_plane, self._control):
            seam.attach()

    def state(self) -> dict[str, Any]:
        """Return what has to be saved."""
        return {"deployments": self._deployments.deployments.state(), "usage": self._usage.ledger.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned in an earlier life."""
        self._deployments.deployments.restore(state.get("deployments", {}))
        self._usage.ledger.restore(state.get("usage", {}))

    def _report(self, exchange: Exchange, status: int, headers: dict[str, Any], body: bytes) -> None:
        """Tell metrics and logs of an answer."""
