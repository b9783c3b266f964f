"""What an earlier run of a notebook has left of an API that it builds call by call."""

from __future__ import annotations

from labsupport.resources.http_api import delete_http_api, find_http_api
from labsupport.resources.ownership import require_ours
from labsupport.resources.rest_api import delete_rest_api, find_rest_api
from labsupport.resources.usage_plan import delete_api_key, delete_usage_plan
from labsupport.resources.websocket_api import find_websocket_api
from labsupport.target import Target


def clear_api(target: Target, name: str) -> None:
    """Delete the API of this name, of whatever kind, and the usage plans and API keys of the same name.

    Raises:
        DeployError: somebody else's thing has this name.
    """
    with target.tape.plumbing():
        _clear_usage_plans(target, name)
        _clear_api_keys(target, name)
        if api := find_rest_api(target, name):
            require_ours(target, f"REST API {name}", api.get("tags", {}))
            delete_rest_api(target, api["id"])
        for find in (find_http_api, find_websocket_api):
            if api := find(target, name):
                require_ours(target, f"API {name}", api.get("Tags", {}))
                delete_http_api(target, api["ApiId"])


def _clear_usage_plans(target: Target, name: str) -> None:
    for page in target.client("apigateway").get_paginator("get_usage_plans").paginate():
        for plan in page["items"]:
            if plan["name"] == name:
                require_ours(target, f"usage plan {name}", plan.get("tags", {}))
                delete_usage_plan(target, plan["id"])


def _clear_api_keys(target: Target, name: str) -> None:
    for page in target.client("apigateway").get_paginator("get_api_keys").paginate(nameQuery=name):
        for key in page["items"]:
            if key["name"] == name:
                require_ours(target, f"API key {name}", key.get("tags", {}))
                delete_api_key(target, key["id"])
