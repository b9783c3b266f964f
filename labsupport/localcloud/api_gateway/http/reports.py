"""Tell CloudWatch of a request to an HTTP API: its metrics, and its event in the access log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.localcloud.api_gateway import access_log
from labsupport.localcloud.api_gateway.access_log import WriteEvent
from labsupport.localcloud.api_gateway.http import log_variables, routes
from labsupport.localcloud.api_gateway.http.exchange import HttpAnswer, HttpExchange
from labsupport.localcloud.api_gateway.metrics import ApiMetrics, Served, Subject


class HttpReports:
    """Report requests as stages are set to."""

    def __init__(self, metrics: ApiMetrics, write_event: WriteEvent) -> None:
        """Count with `metrics`, and write access logs with `write_event`."""
        self._metrics, self._write_event = metrics, write_event

    def report(
        self, exchange: HttpExchange, stage: Mapping[str, Any], answer: HttpAnswer, latency_ms: float
    ) -> None:
        """Report one request."""
        served = Served(
            answer.status,
            latency_ms,
            exchange.integration_ms,
            data_bytes=len(exchange.body or b"") + len(answer.body),
        )
        self._metrics.http_api(_subject(exchange, stage), served)
        settings = stage.get("accessLogSettings") or {}
        if settings:
            variables = log_variables.variables(exchange, answer, latency_ms)
            where = {"api_id": exchange.api_id, "stage": exchange.stage}
            access_log.write(settings, variables, self._write_event, **where)


def _subject(exchange: HttpExchange, stage: Mapping[str, Any]) -> Subject:
    by_route = (stage.get("routeSettings") or {}).get(exchange.route_key) or {}
    settings = {**(stage.get("defaultRouteSettings") or {}), **by_route}
    where = exchange.account, exchange.region, exchange.api_id, exchange.stage
    if not settings.get("detailedMetricsEnabled") or not exchange.route_key:
        return Subject.of_http_api(*where)
    resource = routes.resource_path(exchange.route_key)
    return Subject.of_http_api(*where, exchange.method, resource)
