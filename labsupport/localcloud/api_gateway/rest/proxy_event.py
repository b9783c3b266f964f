"""The event that a REST API's Lambda proxy integration sends to its function.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What `identity` holds besides the address and the user agent: null for who isn't known to IAM or Cognito.
IDENTITY = (
    "accessKey",
    "accountId",
    "caller",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "principalOrgId",
    "user",
    "userArn",
)
# The server reads header names in lower case. HTTP's own names are given back as HTTP writes them.
HTTP_NAMES = {
    name.lower(): name
    for name in (
        *("Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Connection"),
        *("Content-Length", "Content-Type", "Cookie", "Host", "If-Match", "If-None-Match", "Origin"),
        *("Referer", "User-Agent", "X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port"),
        "X-Forwarded-Proto",
    )
}


@dataclass(frozen=True)
class Arrival:
    """How a request came.

    Attributes:
        domain_name: the API's own host name.
        api_key_id: of the key that the client sent, with its value.
    """

    request_id: str
    extended_request_id: str
    trace_id: str
    domain_name: str
    stage_name: str
    source_ip: str = "127.0.0.1"
    port: str = "443"
    api_key: str | None = None
    api_key_id: str | None = None


def complete(event: dict[str, Any], arrival: Arrival) -> dict[str, Any]:
    """Return an event with all that AWS's has, and nothing that AWS's has not."""
    added = {
        "X-Amzn-Trace-Id": arrival.trace_id,
        "X-Forwarded-For": arrival.source_ip,
        "X-Forwarded-Port": arrival.port,
        "X-Forwarded-Proto": "https",
    }
    event = {key: value for key, value in event.items() if key != "version"}  # HTTP APIs alone have one
    event["headers"] = _named(event["headers"]) | added
    event["multiValueHeaders"] = _named(event["multiValueHeaders"]) | {k: [v] for k, v in added.items()}
    event["queryStringParameters"] = _last_values(event["multiValueQueryStringParameters"])
    event["requestContext"] = _context(event["requestContext"], arrival)
    return event


def _context(context: Mapping[str, Any], arrival: Arrival) -> dict[str, Any]:
    identity = dict.fromkeys(IDENTITY) | dict(context["identity"]) | {"sourceIp": arrival.source_ip}
    if arrival.api_key is not None:
        identity |= {"apiKey": arrival.api_key, "apiKeyId": arrival.api_key_id}
    return dict(context) | {
        "domainName": arrival.domain_name,
        "domainPrefix": arrival.domain_name.partition(".")[0],
        "extendedRequestId": arrival.extended_request_id,
        "identity": identity,
        "requestId": arrival.request_id,
        "stage": arrival.stage_name,
    }


def _named(headers: Mapping[str, Any]) -> dict[str, Any]:
    return {HTTP_NAMES.get(name.lower(), name): value for name, value in headers.items()}


def _last_values(values: Mapping[str, list[str]] | None) -> dict[str, str] | None:
    """Return the last value of each parameter, as AWS does in the map that has room for one."""
    return {name: all_values[-1] for name, all_values in values.items()} if values else None
