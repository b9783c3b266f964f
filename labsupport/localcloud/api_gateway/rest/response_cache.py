"""A stage's cache: it answers in the place of the integration, for as long as the method's TTL says.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 1_048_576
LONGEST_TTL_SECONDS = 3600
SIZES = ("0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237")
# The warning that the client gets when the invalidation that it asked for was ignored.
IGNORED_HEADER = "Warning", '199 "Cache-control headers were ignored because the caller was unauthorized."'

Stage = tuple[str, str, str, str]  # account, Region, REST API, stage
Key = tuple[Any, ...]
Response = tuple[int, dict[str, Any], bytes]


@dataclass(frozen=True)
class _Kept:
    response: Response
    until: float


class ResponseCache:
    """The caches of all stages."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin empty."""
        self._clock = clock
        self._kept: dict[Stage, dict[Key, _Kept]] = {}

    def get(self, stage: Stage, key: Key) -> Response | None:
        """Return a response that is still fresh, or None."""
        kept = self._kept.get(stage, {}).get(key)
        return kept.response if kept and kept.until > self._clock() else None

    def put(self, stage: Stage, key: Key, response: Response, ttl_seconds: float) -> None:
        """Keep a response, unless it is too large or no success."""
        status, _headers, body = response
        if ttl_seconds > 0 and len(body) <= MOST_BYTES and 200 <= status < 300:
            self._kept.setdefault(stage, {})[key] = _Kept(response, self._clock() + ttl_seconds)

    def drop(self, stage: Stage, key: Key) -> None:
        """Forget one response."""
        self._kept.get(stage, {}).pop(key, None)

    def flush(self, stage: Stage) -> None:
        """Forget all responses of a stage."""
        self._kept.pop(stage, None)


def key_of(
    integration: Mapping[str, Any],
    resource_path: str,
    http_method: str,
    *,
    path: Mapping[str, str],
    query: Mapping[str, list[str]],
    headers: Mapping[str, str],
) -> Key:
    """Return what tells one cached response from another: only parameters that were named as keys count.

    Methods with the same `cacheNamespace` share a cache; by default it is the resource's id.
    """
    parameters = integration.get("cacheKeyParameters") or []
    values = tuple(_values(sorted(parameters), path, query, headers))
    return integration.get("cacheNamespace"), resource_path, http_method, values


def _values(
    parameters: Iterable[str],
    path: Mapping[str, str],
    query: Mapping[str, list[str]],
    headers: Mapping[str, str],
) -> Iterable[tuple[str, Any]]:
    lower = {name.lower(): value for name, value in headers.items()}
    for parameter in parameters:
        place, _, name = parameter.removeprefix("method.request.").partition(".")
        found = {"path": path.get(name), "querystring": query.get(name), "header": lower.get(name.lower())}
        value = found.get(place)
        yield parameter, tuple(value) if isinstance(value, list) else value


def asks_for_a_new_response(headers: Mapping[str, str]) -> bool:
    """Tell whether the client sent `Cache-Control: max-age=0`."""
    wanted = next((value for name, value in headers.items() if name.lower() == "cache-control"), "")
    return "max-age=0" in wanted.replace(" ", "").split(",")
