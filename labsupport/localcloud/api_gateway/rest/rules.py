"""What API Gateway refuses when a REST API is built: time limits, caches, logging without a role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labsupport.localcloud.api_gateway.rest.execution_log import NO_ROLE
from labsupport.localcloud.api_gateway.rest.response_cache import LONGEST_TTL_SECONDS, SIZES

SHORTEST_TIMEOUT_MS = 50
LONGEST_TIMEOUT_MS = 29_000
# Regional and private APIs may have more, once the account's quota is raised. AWS names no end; a function's
# own limit is one.
LONGEST_RAISED_TIMEOUT_MS = 900_000
ENDPOINT_TYPES = ("EDGE", "REGIONAL", "PRIVATE")
DEFAULT_MODELS = {
    "Empty": {"title": "Empty Schema", "type": "object"},
    "Error": {"title": "Error Schema", "type": "object", "properties": {"message": {"type": "string"}}},
}


def timeout_problem(timeout_ms: Any, endpoint_types: Sequence[str]) -> str | None:
    """Return why PutIntegration refuses a time limit, or None.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
    """
    longest = LONGEST_TIMEOUT_MS if "EDGE" in endpoint_types else LONGEST_RAISED_TIMEOUT_MS
    if timeout_ms is None or SHORTEST_TIMEOUT_MS <= int(timeout_ms) <= longest:
        return None
    return f"Timeout should be between {SHORTEST_TIMEOUT_MS} ms and {longest} ms"


def endpoint_problem(configuration: Mapping[str, Any]) -> str | None:
    """Return why CreateRestApi refuses an endpoint configuration, or None."""
    for one in configuration.get("types") or []:
        if one not in ENDPOINT_TYPES:
            return f"Invalid value for endpointConfiguration.types: {one}"
    return None


def stage_problem(operations: Sequence[Mapping[str, Any]], *, has_log_role: bool) -> str | None:
    """Return why UpdateStage refuses, or None.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html
    """
    for operation in operations:
        path, value = str(operation.get("path", "")), str(operation.get("value", ""))
        logs = path.endswith("/logging/loglevel") and value in ("INFO", "ERROR")
        if (logs or (path == "/accessLogSettings/destinationArn" and value)) and not has_log_role:
            return NO_ROLE
        if path.endswith("/caching/ttlInSeconds") and not _is_ttl(value):
            return f"TTL must be between 0 and {LONGEST_TTL_SECONDS} seconds"
        if path == "/cacheClusterSize" and value not in SIZES:
            return f"Invalid cache cluster size: {value}. Valid sizes: {', '.join(SIZES)}"
    return None


def with_cache_status(stage: dict[str, Any]) -> dict[str, Any]:
    """Return a stage whose cache cluster has a size and a status. On AWS it takes minutes to be AVAILABLE."""
    if stage.get("cacheClusterEnabled"):
        stage["cacheClusterSize"] = stage.get("cacheClusterSize") or SIZES[0]
        stage["cacheClusterStatus"] = "AVAILABLE"
    else:
        stage["cacheClusterStatus"] = "NOT_AVAILABLE"
    return stage


def _is_ttl(value: str) -> bool:
    return value.isdigit() and int(value) <= LONGEST_TTL_SECONDS
