"""REST APIs as the lab has them: the seams around MiniStack's, put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.localcloud.api_gateway.metrics import ApiMetrics
from labsupport.localcloud.api_gateway.token_bucket import TokenBuckets
from labsupport.localcloud.ministack.logs_seam import LogsSeam
from labsupport.localcloud.ministack.rest_apis.arrival_seam import RestApiSeam
from labsupport.localcloud.ministack.rest_apis.cache_seam import RestCacheSeam
from labsupport.localcloud.ministack.rest_apis.control_seam import RestControlSeam
from labsupport.localcloud.ministack.rest_apis.deployments_seam import RestDeploymentsSeam
from labsupport.localcloud.ministack.rest_apis.report_seam import RestReportSeam
from labsupport.localcloud.ministack.rest_apis.usage_seam import RestUsageSeam


class RestApis:
    """Everything that stands around MiniStack's REST APIs."""

    def __init__(self, metrics: ApiMetrics, logs: LogsSeam, buckets: TokenBuckets) -> None:
        """Make the seams. All kinds of API share an account's bucket."""
        self._deployments = RestDeploymentsSeam()
        self._usage = RestUsageSeam()
        self._cache = RestCacheSeam()
        self._data_plane = RestApiSeam(
            self._deployments, self._cache, RestReportSeam(metrics, logs).tell, buckets
        )
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
