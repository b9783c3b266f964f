"""What API Gateway tells CloudWatch about requests: the metrics of the namespace AWS/ApiGateway.

Each is told by API, by API and stage and, where detailed metrics are on, by method and resource too.
4xx and 5xx are told as 0 too: their average is the error rate.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from labsupport.localcloud.lambda_service.metrics import Series, WriteMetric

NAMESPACE = "AWS/ApiGateway"
UNITS = {
    "Count": "Count",
    "4xx": "Count",
    "5xx": "Count",
    "4XXError": "Count",
    "5XXError": "Count",
    "Latency": "Milliseconds",
    "IntegrationLatency": "Milliseconds",
    "DataProcessed": "Bytes",
    "CacheHitCount": "Count",
    "CacheMissCount": "Count",
    "ConnectCount": "Count",
    "MessageCount": "Count",
    "IntegrationError": "Count",
    "ClientError": "Count",
    "ExecutionError": "Count",
}
Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Subject:
    """Whom metrics are about: one API with its stage. Each is one object for the same arguments."""

    account: str
    region: str
    dimensions: tuple[Dimensions, ...]

    @classmethod
    @functools.lru_cache(maxsize=1024)
    def of_http_api(
        cls, account: str, region: str, api_id: str, stage: str, method: str = "", resource: str = ""
    ) -> Subject:
        """Return the subject of an HTTP API; `method` and `resource` where detailed metrics are on."""
        return cls(account, region, _views(("ApiId", api_id), stage, method, resource))

    @classmethod
    @functools.lru_cache(maxsize=1024)
    def of_rest_api(
        cls, account: str, region: str, api_name: str, stage: str, method: str = "", resource: str = ""
    ) -> Subject:
        """Return the subject of a REST API; `method` and `resource` where detailed metrics are on."""
        return cls(account, region, _views(("ApiName", api_name), stage, method, resource))


@dataclass(frozen=True)
class Served:
    """One request, as metrics see it.

    Attributes:
        status: of the answer.
        latency_ms: from the request's arrival to the answer.
        integration_latency_ms: of the integration, or None where none was asked.
        data_bytes: in the request and in the answer (HTTP APIs).
        cache_hit: the cache's answer, or None where no cache was asked (REST APIs).
    """

    status: int
    latency_ms: float
    integration_latency_ms: float | None = None
    data_bytes: int = 0
    cache_hit: bool | None = None


class ApiMetrics:
    """Count requests. Called from any thread."""

    def __init__(self, write_metric: WriteMetric, *, clock: Callable[[], float] = time.time) -> None:
        """Write with `write_metric`; `clock` returns seconds since the epoch."""
        self._write_metric, self._clock = write_metric, clock

    def http_api(self, subject: Subject, served: Served) -> None:
        """Count a request to an HTTP API."""
        values = {
            "Count": 1,
            "4xx": int(400 <= served.status < 500),
            "5xx": int(served.status >= 500),
            "DataProcessed": served.data_bytes,
        }
        self._tell(subject, values | _latencies(served))

    def rest_api(self, subject: Subject, served: Served) -> None:
        """Count a request to a REST API."""
        values: dict[str, float] = {
            "Count": 1,
            "4XXError": int(400 <= served.status < 500),
            "5XXError": int(served.status >= 500),
        }
        if served.cache_hit is not None:
            values |= {"CacheHitCount": int(served.cache_hit), "CacheMissCount": int(not served.cache_hit)}
        self._tell(subject, values | _latencies(served))

    def websocket_api(self, subject: Subject, values: Mapping[str, float]) -> None:
        """Count one event of a WebSocket API; its subject is as an HTTP API's.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
        """
        self._tell(subject, values)

    def _tell(self, subject: Subject, values: Mapping[str, float]) -> None:
        now = self._clock()
        for name, value in values.items():
            for series in _series(subject, name):
                self._write_metric(series, value, now)


@functools.lru_cache(maxsize=8192)
def _series(subject: Subject, name: str) -> tuple[Series, ...]:
    return tuple(
        Series(subject.account, subject.region, name, UNITS[name], dict(dimensions), NAMESPACE)
        for dimensions in subject.dimensions
    )


def _latencies(served: Served) -> dict[str, float]:
    """Return both in whole milliseconds."""
    latencies = {"Latency": round(served.latency_ms)}
    if served.integration_latency_ms is not None:
        latencies["IntegrationLatency"] = round(served.integration_latency_ms)
    return dict(latencies)


def _views(api: tuple[str, str], stage: str, method: str, resource: str) -> tuple[Dimensions, ...]:
    by_stage = (api, ("Stage", stage))
    detailed = ((*by_stage, ("Method", method), ("Resource", resource)),) if method else ()
    return ((api,), by_stage, *detailed)
