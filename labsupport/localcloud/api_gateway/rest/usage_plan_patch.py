"""UpdateUsagePlan: what its patch operations change.

https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateUsagePlan.html
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

NUMBERS = {"rateLimit": float, "burstLimit": int, "limit": int, "offset": int}


class PatchError(ValueError):
    """An operation can't be applied. The text is AWS's message."""


def apply(plan: Mapping[str, Any], operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the plan with all operations applied.

    Raises:
        PatchError: one of them is none of UpdateUsagePlan's.
    """
    changed = copy.deepcopy(dict(plan))
    for operation in operations:
        parts = [_decoded(part) for part in str(operation.get("path", "")).strip("/").split("/")]
        if parts[0] == "apiStages":
            _stages(changed, parts[1:], operation)
        elif parts[0] in ("throttle", "quota"):
            _settings(changed.setdefault(parts[0], {}), parts[1:], operation)
            if not parts[1:]:
                changed[parts[0]] = {}
        elif parts[0] in ("name", "description", "productCode") and len(parts) == 1:
            changed[parts[0]] = operation.get("value")
        else:
            raise PatchError(f"Invalid patch path {operation.get('path')}")
    return changed


def _stages(plan: dict[str, Any], parts: list[str], operation: Mapping[str, Any]) -> None:
    stages: list[dict[str, Any]] = plan.setdefault("apiStages", [])
    name = parts[0] if parts else str(operation.get("value", ""))
    api_id, _, stage = name.partition(":")
    found = next((one for one in stages if (one["apiId"], one["stage"]) == (api_id, stage)), None)
    if not parts and operation["op"] == "add":
        if found is None:
            stages.append({"apiId": api_id, "stage": stage})
    elif not parts and operation["op"] == "remove":
        plan["apiStages"] = [one for one in stages if one is not found]
    elif found is None or parts[1:2] != ["throttle"]:
        raise PatchError(f"Invalid patch path {operation.get('path')}")
    else:
        _method_throttle(found.setdefault("throttle", {}), parts[2:], operation)


def _method_throttle(throttle: dict[str, Any], parts: list[str], operation: Mapping[str, Any]) -> None:
    """Set a method's own throttle: `.../throttle/{path}/{METHOD}/rateLimit`, with `~1` for a slash."""
    if not parts:
        throttle.clear()
        return
    if parts[-1] in NUMBERS:
        method, name = "/".join(parts[:-1]), parts[-1]
    else:
        method, name = "/".join(parts), ""
    if operation["op"] == "remove" and not name:
        throttle.pop(method, None)
    else:
        _settings(throttle.setdefault(method, {}), [name], operation)


def _settings(settings: dict[str, Any], parts: list[str], operation: Mapping[str, Any]) -> None:
    if not parts:
        return
    name, value = parts[0], operation.get("value")
    if operation["op"] == "remove":
        settings.pop(name, None)
    elif name in NUMBERS:
        try:
            settings[name] = NUMBERS[name](str(value))
        except ValueError as error:
            raise PatchError(f"Invalid patch value '{value}' specified for '{name}'") from error
    elif name == "period" and value in ("DAY", "WEEK", "MONTH"):
        settings[name] = value
    else:
        raise PatchError(f"Invalid patch path {operation.get('path')}")


def _decoded(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
