"""The event that a function gets from an HTTP API, in both payload formats.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from labsupport.localcloud.api_gateway.http import routes
from labsupport.localcloud.api_gateway.http.exchange import HttpExchange

# Everything else is handed over in base64, forms too.
_TEXT_TYPES = ("application/json", "application/xml", "application/javascript")


def build(exchange: HttpExchange, payload_format: str) -> dict[str, Any]:
    """Return the event for an integration of this payload format, "1.0" or "2.0"."""
    return version_1(exchange) if payload_format == "1.0" else version_2(exchange)


def version_2(exchange: HttpExchange) -> dict[str, Any]:
    """Return the event of format 2.0: values of one name are joined with commas; cookies have a list."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": exchange.route_key,
        "rawPath": exchange.raw_path,
        "rawQueryString": exchange.raw_query,
    }
    if cookies := _cookies(exchange):
        event["cookies"] = cookies
    event["headers"] = _joined((name, value) for name, value in exchange.headers if name != "cookie")
    if exchange.query:
        event["queryStringParameters"] = _joined(exchange.query)
    event["requestContext"] = _context_2(exchange)
    if exchange.path_parameters:
        event["pathParameters"] = dict(exchange.path_parameters)
    if exchange.stage_variables:
        event["stageVariables"] = dict(exchange.stage_variables)
    body, is_base64 = _body(exchange)
    if body is not None:
        event["body"] = body
    return {**event, "isBase64Encoded": is_base64}


def version_1(exchange: HttpExchange) -> dict[str, Any]:
    """Return the event of format 1.0, which is a REST API's: what isn't there is null."""
    body, is_base64 = _body(exchange)
    return {
        "version": "1.0",
        "resource": routes.resource_path(exchange.route_key),
        "path": exchange.raw_path,
        "httpMethod": exchange.method,
        "headers": dict(exchange.headers),
        "multiValueHeaders": _listed(exchange.headers),
        "queryStringParameters": dict(exchange.query) or None,
        "multiValueQueryStringParameters": _listed(exchange.query) or None,
        "requestContext": _context_1(exchange),
        "pathParameters": dict(exchange.path_parameters) or None,
        "stageVariables": dict(exchange.stage_variables) or None,
        "body": body,
        "isBase64Encoded": is_base64,
    }


def _context_2(exchange: HttpExchange) -> dict[str, Any]:
    context: dict[str, Any] = {
        "accountId": exchange.account,
        "apiId": exchange.api_id,
        "domainName": exchange.domain_name,
        "domainPrefix": exchange.domain_name.partition(".")[0],
        "http": {
            "method": exchange.method,
            "path": exchange.raw_path,
            "protocol": exchange.protocol,
            "sourceIp": exchange.source_ip,
            "userAgent": exchange.header("user-agent"),
        },
        "requestId": exchange.request_id,
        "routeKey": exchange.route_key,
        "stage": exchange.stage,
        "time": exchange.time,
        "timeEpoch": exchange.epoch_ms,
    }
    if exchange.authorizer:
        context["authorizer"] = exchange.authorizer
    return context


def _context_1(exchange: HttpExchange) -> dict[str, Any]:
    iam = exchange.authorizer.get("iam") or {}
    return {
        "accountId": exchange.account,
        "apiId": exchange.api_id,
        "authorizer": _authorizer_1(exchange),
        "domainName": exchange.domain_name,
        "domainPrefix": exchange.domain_name.partition(".")[0],
        "extendedRequestId": exchange.request_id,
        "httpMethod": exchange.method,
        "identity": {
            "accessKey": iam.get("accessKey"),
            "accountId": iam.get("accountId"),
            "caller": iam.get("callerId"),
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": iam.get("principalOrgId"),
            "sourceIp": exchange.source_ip,
            "user": iam.get("userId"),
            "userAgent": exchange.header("user-agent"),
            "userArn": iam.get("userArn"),
        },
        "path": exchange.raw_path,
        "protocol": exchange.protocol,
        "requestId": exchange.request_id,
        "requestTime": exchange.time,
        "requestTimeEpoch": exchange.epoch_ms,
        "resourceId": exchange.route_key,
        "resourcePath": routes.resource_path(exchange.route_key),
        "stage": exchange.stage,
    }


def _authorizer_1(exchange: HttpExchange) -> dict[str, Any]:
    if "jwt" in exchange.authorizer:
        return dict(exchange.authorizer["jwt"])
    return dict(exchange.authorizer.get("lambda") or {})


def _cookies(exchange: HttpExchange) -> list[str]:
    sent = (value for name, value in exchange.headers if name == "cookie")
    return [cookie.strip() for value in sent for cookie in value.split(";") if cookie.strip()]


def _body(exchange: HttpExchange) -> tuple[str | None, bool]:
    """Return the body, and whether it is in base64."""
    if not exchange.body:
        return None, False
    kind = exchange.header("content-type").partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _TEXT_TYPES:
        return exchange.body.decode("utf-8", "replace"), False
    return base64.b64encode(exchange.body).decode(), True


def claims(values: dict[str, Any]) -> dict[str, str]:
    """Return a token's claims as a function gets them: all are strings."""
    return {name: _claim(value) for name, value in values.items()}


def _claim(value: Any) -> str:
    if isinstance(value, list):
        return "[" + " ".join(_claim(each) for each in value) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: ",".join(values) for name, values in _listed(pairs).items()}


def _listed(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = {}
    for name, value in pairs:
        listed.setdefault(name, []).append(value)
    return listed
