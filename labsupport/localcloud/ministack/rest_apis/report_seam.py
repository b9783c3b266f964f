"""What is told of each request to a REST API: metrics, the access log and the execution log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from labsupport.localcloud.api_gateway import access_log
from labsupport.localcloud.api_gateway.access_log import LogGroup
from labsupport.localcloud.api_gateway.metrics import ApiMetrics, Served, Subject
from labsupport.localcloud.api_gateway.rest.exchange import Exchange
from labsupport.localcloud.api_gateway.rest.execution_log import GROUP
from labsupport.localcloud.ministack.logs_seam import LogsSeam


class RestReportSeam:
    """CloudWatch, as REST APIs write to it."""

    def __init__(self, metrics: ApiMetrics, logs: LogsSeam) -> None:
        """Take MiniStack's modules."""
        from ministack.services import apigateway_v1

        self._v1: Any = apigateway_v1
        self._metrics, self._logs = metrics, logs

    def tell(self, exchange: Exchange, status: int, headers: dict[str, Any], body: bytes) -> None:
        """Tell of an answer. A test of a method is told of to nobody but who tests."""
        if exchange.is_test:
            return
        self._count(exchange, status)
        self._write_access_log(exchange, status, body)
        self._write_execution_log(exchange)

    def _count(self, exchange: Exchange, status: int) -> None:
        name = (self._v1._rest_apis.get(exchange.api_id) or {}).get("name", "")
        view: dict[str, str] = {}
        if exchange.setting("metricsEnabled", False) and exchange.resource_path:
            view = {"method": exchange.method, "resource": exchange.resource_path}
        subject = Subject.of_rest_api(exchange.account, exchange.region, name, exchange.stage_name, **view)
        waited = exchange.integration_seconds
        served = Served(
            status=status,
            latency_ms=exchange.seconds() * 1000,
            integration_latency_ms=None if waited is None else waited * 1000,
            cache_hit=exchange.cache_hit,
        )
        self._metrics.rest_api(subject, served)

    def _write_access_log(self, exchange: Exchange, status: int, body: bytes) -> None:
        access_log.write(
            exchange.stage.get("accessLogSettings") or {},
            dict(_variables(exchange, status, len(body))),
            self._logs.write_access_log,
            api_id=exchange.api_id,
            stage=exchange.stage_name,
        )

    def _write_execution_log(self, exchange: Exchange) -> None:
        level = exchange.setting("loggingLevel", "OFF")
        settings = self._v1._account_settings.get("settings") or {}
        if level == "OFF" or not settings.get("cloudwatchRoleArn"):
            return
        messages = exchange.log.messages(
            exchange.request_id, level=level, data_trace=bool(exchange.setting("dataTraceEnabled", False))
        )
        name = GROUP.format(api_id=exchange.api_id, stage=exchange.stage_name)
        group = LogGroup(exchange.account, exchange.region, name)
        stream = access_log.stream_name(exchange.api_id, exchange.stage_name)
        self._logs.write_execution_log(group, stream, messages)


def _variables(exchange: Exchange, status: int, response_length: int) -> Iterator[tuple[str, Any]]:
    """Return the `$context` variables of a request.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
    """
    waited = exchange.integration_seconds
    yield "accountId", exchange.account
    yield "apiId", exchange.api_id
    yield "domainName", f"{exchange.api_id}.execute-api.{exchange.region}.amazonaws.com"
    yield "domainPrefix", exchange.api_id
    yield "extendedRequestId", exchange.extended_request_id
    yield "httpMethod", exchange.method
    yield "identity.sourceIp", "127.0.0.1"
    yield "identity.userAgent", exchange.headers.get("user-agent")
    yield "path", f"/{exchange.stage_name}{exchange.path}"
    yield "protocol", "HTTP/1.1"
    yield "requestId", exchange.request_id
    yield "requestTime", time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(exchange.started))
    yield "requestTimeEpoch", int(exchange.started * 1000)
    yield "resourcePath", exchange.resource_path
    yield "responseLatency", round(exchange.seconds() * 1000)
    yield "responseLength", response_length
    yield "stage", exchange.stage_name
    yield "status", status
    yield "xrayTraceId", exchange.trace_id
    if waited is not None:
        yield "integrationLatency", round(waited * 1000)
        yield "integration.latency", round(waited * 1000)
        yield "integration.status", exchange.integration_status
        yield "integrationStatus", exchange.integration_status
    if exchange.error is not None:
        yield "error.responseType", exchange.error[0]
        yield "error.message", exchange.error[1]
        yield "error.messageString", f'"{exchange.error[1]}"'
    for place in ("identity", "authorizer"):
        for name, value in (exchange.context.get(place) or {}).items():
            yield f"{place}.{name}", value
