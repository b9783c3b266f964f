"""The `$context` variables that an HTTP API's access log can name.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
"""

from __future__ import annotations

import json
from typing import Any

from labsupport.localcloud.api_gateway.http.exchange import HttpAnswer, HttpExchange


def variables(exchange: HttpExchange, answer: HttpAnswer, latency_ms: float) -> dict[str, Any]:
    """Return the variables by name, without "$context."."""
    latency = None if exchange.integration_ms is None else round(exchange.integration_ms)
    iam = exchange.authorizer.get("iam") or {}
    return {
        "accountId": exchange.account,
        "apiId": exchange.api_id,
        **_authorizer(exchange),
        "dataProcessed": len(exchange.body) + len(answer.body),
        "domainName": exchange.domain_name,
        "domainPrefix": exchange.domain_name.partition(".")[0],
        "error.message": exchange.error,
        "error.messageString": json.dumps(exchange.error) if exchange.error else None,
        "extendedRequestId": exchange.request_id,
        "httpMethod": exchange.method,
        "identity.accountId": iam.get("accountId"),
        "identity.caller": iam.get("callerId"),
        "identity.sourceIp": exchange.source_ip,
        "identity.user": iam.get("userId"),
        "identity.userAgent": exchange.header("user-agent"),
        "identity.userArn": iam.get("userArn"),
        "integration.error": exchange.integration_error,
        "integration.integrationStatus": exchange.integration_status,
        "integration.latency": latency,
        "integration.status": exchange.integration_status,
        "integrationErrorMessage": exchange.integration_error,
        "integrationLatency": latency,
        "integrationStatus": exchange.integration_status,
        "path": exchange.raw_path,
        "protocol": exchange.protocol,
        "requestId": exchange.request_id,
        "requestTime": exchange.time,
        "requestTimeEpoch": exchange.epoch_ms // 1000,
        "responseLatency": round(latency_ms),
        "responseLength": len(answer.body),
        "routeKey": exchange.route_key,
        "stage": exchange.stage,
        "status": answer.status,
    }


def _authorizer(exchange: HttpExchange) -> dict[str, Any]:
    claims = (exchange.authorizer.get("jwt") or {}).get("claims") or {}
    context = exchange.authorizer.get("lambda") or {}
    return {
        **{f"authorizer.claims.{name}": value for name, value in claims.items()},
        **{f"authorizer.{name}": value for name, value in context.items()},
    }
