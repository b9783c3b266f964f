"""The event that an HTTP API sends to a function, field by field (notebook 06_orders_api).

Payload format 2.0:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labsupport.views.table import Table

MEANINGS = {
    "version": "payload format; the integration's PayloadFormatVersion",
    "routeKey": "which route it was. One function can serve many",
    "rawPath": "the path, with the stage's name in front unless that is $default",
    "rawQueryString": "the query string as it was sent",
    "cookies": "one entry for each cookie; they are not among the headers",
    "queryStringParameters": "decoded. A name that comes twice is joined with a comma",
    "pathParameters": "what stands at {name} in the route",
    "headers": "names in lower case. A header that comes twice is joined with a comma",
    "requestContext.accountId": "the API's account",
    "requestContext.apiId": "the API's id",
    "requestContext.authorizer": "what the authorizer found out: claims of a token, or context",
    "requestContext.domainName": "the host that was called",
    "requestContext.domainPrefix": "its first part",
    "requestContext.http.method": "GET, POST ...",
    "requestContext.http.path": "the path",
    "requestContext.http.protocol": "of the request",
    "requestContext.http.sourceIp": "who called, as far as the network knows",
    "requestContext.http.userAgent": "which program, as it says itself",
    "requestContext.requestId": "API Gateway's id of the request; the access log has it too",
    "requestContext.routeKey": "the route once more",
    "requestContext.stage": "the stage",
    "requestContext.time": "when it came",
    "requestContext.timeEpoch": "the same in milliseconds since 1970",
    "stageVariables": "settings of the stage",
    "body": "text, whatever it holds: JSON is for the function to read",
    "isBase64Encoded": "true for a body that is no text",
}
KEPT_WHOLE = {"headers", "pathParameters", "queryStringParameters", "requestContext.authorizer"}
SHOWN_CHARACTERS = 300


def proxy_event_table(event: Mapping[str, Any]) -> Table:
    """Show an event of format 2.0, one row for each field that is in it."""
    rows = [(name, _short(value), MEANINGS.get(name, "")) for name, value in _fields(event)]
    return Table(["Field", "Value", "What it says"], rows)


def _fields(part: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in part.items():
        if isinstance(value, Mapping) and prefix + name not in KEPT_WHOLE:
            yield from _fields(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        value = "; ".join(f"{name}: {each}" for name, each in value.items())
    elif isinstance(value, list):
        value = "; ".join(map(str, value))
    text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]} …"
