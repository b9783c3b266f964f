r"""Evaluate a route selection expression: which route a message is for.

The language is AWS's for selection expressions: "$" begins a variable, braces set its bounds, "\$" is a
dollar.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-selection-expressions.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
"""

from __future__ import annotations

import json
import re
from typing import Any

DEFAULT_ROUTE = "$default"
PREDEFINED_ROUTES = ("$connect", "$disconnect", DEFAULT_ROUTE)

_PART = re.compile(r"\\\$|\$\{request\.body\.([^}]+)\}|\$request\.body\.([\w.-]+)")


def route_key(expression: str, message: str) -> str:
    """Return the key of the route that a message names, or "$default" where it names none.

    A message that is no JSON object is for "$default", and so is one without a field of the expression. A
    message can't name a predefined route: only API Gateway sends to "$connect" and "$disconnect".
    """
    try:
        body = json.loads(message)
    except ValueError:
        return DEFAULT_ROUTE
    missing = False

    def value(part: re.Match[str]) -> str:
        nonlocal missing
        path = part[1] or part[2]
        if path is None:
            return "$"
        found = _field(body, path)
        missing = missing or found is None
        return found or ""

    key = _PART.sub(value, expression)
    return DEFAULT_ROUTE if missing or key in PREDEFINED_ROUTES else key


def _field(body: Any, path: str) -> str | None:
    """Return a field's value as text; None where it isn't there or is no single value."""
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    if body is None or isinstance(body, dict | list):
        return None
    return body if isinstance(body, str) else json.dumps(body)
