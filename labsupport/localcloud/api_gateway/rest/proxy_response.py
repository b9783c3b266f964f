"""The answer of a Lambda function behind a proxy integration of a REST API.

The function returns status, headers and body in one JSON object. Every key may be missing, no other key may
be there, and the body is a string. API Gateway answers 502 to anything else.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KEYS = {"isBase64Encoded", "statusCode", "headers", "multiValueHeaders", "body"}
Headers = dict[str, str | list[str]]


class MalformedResponse(ValueError):
    """The function returned something that is no response."""


@dataclass(frozen=True)
class ProxyResponse:
    """A response as the client gets it. A header with several values has a list."""

    status: int
    headers: Headers
    body: bytes


def read(answer: Any, *, decodes: Callable[[Headers], bool]) -> ProxyResponse:
    """Return the response that a function's answer is.

    `decodes(headers)` tells whether a body in base64 is sent as the bytes that it stands for.

    Raises:
        MalformedResponse: it is none.
    """
    if not isinstance(answer, dict) or not answer.keys() <= KEYS:
        raise MalformedResponse(f"not an object with the keys {', '.join(sorted(KEYS))}")
    headers = _headers(answer)
    return ProxyResponse(_status(answer.get("statusCode")), headers, _body(answer, decodes, headers))


def _status(value: Any) -> int:
    if value is None:
        return 200
    try:
        status = int(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else 0
    except ValueError:
        status = 0
    if not 100 <= status <= 599:
        raise MalformedResponse(f"statusCode is {value!r}")
    return status


def _headers(answer: dict[str, Any]) -> Headers:
    """Merge both maps. A name that is in both has the values of multiValueHeaders."""
    single, multiple = (_or_empty(answer.get(name)) for name in ("headers", "multiValueHeaders"))
    if not isinstance(single, dict) or not isinstance(multiple, dict):
        raise MalformedResponse("headers is no object")
    merged: Headers = {"Content-Type": "application/json"}
    for name, value in single.items():
        if isinstance(value, (dict, list)):
            raise MalformedResponse(f"the header {name} is no string")
        if value is not None:
            _put(merged, name, _text(value))
    for name, values in multiple.items():
        if not isinstance(values, list):
            raise MalformedResponse(f"the values of {name} are no list")
        _put(merged, name, [_text(value) for value in values])
    return merged


def _or_empty(value: Any) -> Any:
    return {} if value is None else value


def _put(headers: Headers, name: str, value: str | list[str]) -> None:
    for same in [known for known in headers if known.lower() == name.lower()]:
        del headers[same]
    headers[name] = value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _body(answer: dict[str, Any], decodes: Callable[[Headers], bool], headers: Headers) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedResponse("body is no string")
    if not (answer.get("isBase64Encoded") and decodes(headers)):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:  # of other characters, or of a wrong length
        raise MalformedResponse("body is no base64") from error
