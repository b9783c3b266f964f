"""Which route of an HTTP API a request takes: a full match, then a greedy variable, then `$default`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

DEFAULT_ROUTE = "$default"


class Match(NamedTuple):
    """A route, and what its path's variables are in this request."""

    route: Mapping[str, Any]
    path_parameters: dict[str, str]


def find(routes: Iterable[Mapping[str, Any]], method: str, path: str) -> Match | None:
    """Return the most specific route for a method and a path (without the stage), or None."""
    best: tuple[tuple[int, int, int], Match] | None = None
    default = None
    for route in routes:
        key = route["routeKey"]
        if key == DEFAULT_ROUTE:
            default = Match(route, {})
            continue
        route_method, _, route_path = key.partition(" ")
        if route_method not in (method, "ANY"):
            continue
        match = _pattern(route_path).fullmatch(path)
        if match is None:
            continue
        rank = _specificity(route_method, route_path)
        if best is None or rank > best[0]:
            names = re.findall(r"\{([^}+]+)\+?\}", route_path)
            best = rank, Match(route, dict(zip(names, match.groups(), strict=True)))
    return best[1] if best else default


def resource_path(route_key: str) -> str:
    """Return a route's path with its variables, as a SourceArn has it: "$default" for that route."""
    return route_key.partition(" ")[2] or route_key


@functools.lru_cache(maxsize=1024)
def _pattern(route_path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", route_path)
    return re.compile("".join(_part(part) for part in parts))


def _part(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    return "(.+)" if part.endswith("+}") else "([^/]+)"


def _specificity(method: str, route_path: str) -> tuple[int, int, int]:
    literal = sum(not segment.startswith("{") for segment in route_path.strip("/").split("/"))
    return (int("+}" not in route_path), literal, int(method != "ANY"))
