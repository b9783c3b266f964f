"""From what a function returns to what an HTTP API answers, in both payload formats.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from labsupport.localcloud.api_gateway.http.exchange import Headers, HttpAnswer

_JSON = "application/json"
_TEXT = "text/plain;charset=UTF-8"


class MalformedResponse(ValueError):
    """The function's answer is none that API Gateway understands."""


def read(payload: Any, payload_format: str) -> HttpAnswer:
    """Return the answer that a function's payload means.

    Raises:
        MalformedResponse: with the reason, which is for the log.
    """
    if not isinstance(payload, dict) or "statusCode" not in payload:
        if payload_format == "1.0":
            raise MalformedResponse("The response is no JSON object with a statusCode.")
        text = payload if isinstance(payload, str) else json.dumps(payload, separators=(",", ":"))
        return HttpAnswer(200, [("content-type", _JSON)], text.encode())
    return HttpAnswer(_status(payload["statusCode"]), _headers(payload, payload_format), _body(payload))


def message(status: int, text: str) -> HttpAnswer:
    """Return an answer of API Gateway's own."""
    body = json.dumps({"message": text}, separators=(",", ":")).encode()
    return HttpAnswer(status, [("content-type", _JSON)], body)


def _status(value: Any) -> int:
    try:
        status = int(value) if not isinstance(value, bool | float) else 0
    except (TypeError, ValueError):
        status = 0
    if not 100 <= status <= 599:
        raise MalformedResponse(f"The statusCode {value!r} is none.")
    return status


def _headers(payload: Mapping[str, Any], payload_format: str) -> Headers:
    headers = list(_cookies(payload)) if payload_format != "1.0" else []
    several = _mapping(payload, "multiValueHeaders") if payload_format == "1.0" else {}
    for name, values in several.items():
        if not isinstance(values, list):
            raise MalformedResponse("multiValueHeaders has a value that is no list.")
        headers.extend((name.lower(), _text(value)) for value in values)
    known = {name.lower() for name in several}
    for name, value in _mapping(payload, "headers").items():
        if name.lower() not in known:
            headers.append((name.lower(), _text(value)))
    if all(name != "content-type" for name, _value in headers):
        headers.append(("content-type", _TEXT))
    return headers


def _cookies(payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    cookies = payload.get("cookies") or []
    if not isinstance(cookies, list):
        raise MalformedResponse("cookies is no list.")
    return (("set-cookie", _text(cookie)) for cookie in cookies)


def _mapping(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = payload.get(name) or {}
    if not isinstance(value, dict):
        raise MalformedResponse(f"{name} is no JSON object.")
    return value


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise MalformedResponse("A header's value is no string.")
    return value if isinstance(value, str) else json.dumps(value)


def _body(payload: Mapping[str, Any]) -> bytes:
    body = payload.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedResponse("The body is no string.")
    if not payload.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:  # of other characters, or of a wrong length
        raise MalformedResponse("The body is no base64.") from error
