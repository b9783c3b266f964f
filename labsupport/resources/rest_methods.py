"""The methods of a REST API, each below a resource of the API's tree and with its integration.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labsupport.target import Target
from labsupport.waiting import tolerate

GONE = "NotFoundException"


@dataclass(frozen=True)
class RestMethod:
    """Say who answers a method, and who may ask.

    Attributes:
        function_arn: of the function, or of one of its versions or aliases.
        authorization: "NONE", "AWS_IAM", "COGNITO_USER_POOLS" or "CUSTOM" (a Lambda authorizer).
        authorizer_id: of the API's authorizer, for the last two.
        api_key_required: whether a caller has to send the key of a usage plan in x-api-key.
    """

    function_arn: str
    authorization: str = "NONE"
    authorizer_id: str = ""
    api_key_required: bool = False


def sync_methods(target: Target, api_id: str, wanted: Mapping[str, RestMethod]) -> bool:
    """Give the API just these methods, and tell whether anything was changed.

    Args:
        target: where.
        api_id: of the REST API.
        wanted: by HTTP method and path, such as "GET /orders/{id}".
    """
    client = target.client("apigateway")
    resources = _resources(client, api_id)
    changed = _delete_others(client, api_id, resources, wanted)
    for key, method in wanted.items():
        verb, _, path = key.partition(" ")
        changed |= _ensure_path(client, api_id, resources, path)
        changed |= _sync_method(client, api_id, resources[path], verb, method, target.region)
    return changed


def _resources(client: Any, api_id: str) -> dict[str, dict[str, Any]]:
    """Return the API's resources by path, with their methods."""
    pages = client.get_paginator("get_resources").paginate(restApiId=api_id, embed=["methods"])
    return {each["path"]: each for page in pages for each in page["items"]}


def _delete_others(
    client: Any, api_id: str, resources: dict[str, dict[str, Any]], wanted: Mapping[str, RestMethod]
) -> bool:
    paths = {parent for key in wanted for parent in _way_to(key.partition(" ")[2])}
    changed = False
    for path in sorted(resources, key=len, reverse=True):  # the deepest first
        resource = resources[path]
        if path not in paths and path != "/":
            with tolerate(GONE):
                client.delete_resource(restApiId=api_id, resourceId=resource["id"])
            del resources[path]
            changed = True
            continue
        for verb in resource.get("resourceMethods", {}):
            if f"{verb} {path}" not in wanted:
                with tolerate(GONE):
                    client.delete_method(restApiId=api_id, resourceId=resource["id"], httpMethod=verb)
                changed = True
    return changed


def _way_to(path: str) -> Iterator[str]:
    """Yield the paths from below the root to this one: /orders, /orders/{id}."""
    parts = path.strip("/").split("/")
    for number in range(1, len(parts) + 1):
        yield "/" + "/".join(parts[:number])


def _ensure_path(client: Any, api_id: str, resources: dict[str, dict[str, Any]], path: str) -> bool:
    changed = False
    for step in _way_to(path):
        if step not in resources:
            above, _, part = step.rpartition("/")
            parent = resources[above or "/"]["id"]
            resources[step] = client.create_resource(restApiId=api_id, parentId=parent, pathPart=part)
            changed = True
    return changed


def _sync_method(
    client: Any, api_id: str, resource: Mapping[str, Any], verb: str, method: RestMethod, region: str
) -> bool:
    place = {"restApiId": api_id, "resourceId": resource["id"], "httpMethod": verb}
    settings: dict[str, Any] = {
        "authorizationType": method.authorization,
        "apiKeyRequired": method.api_key_required,
    }
    if method.authorizer_id:
        settings["authorizerId"] = method.authorizer_id
    integration = {
        "type": "AWS_PROXY",
        "uri": f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{method.function_arn}"
        "/invocations",
    }
    current = (resource.get("resourceMethods") or {}).get(verb) or {}
    is_same = _has(current, settings)
    if is_same and _has(current.get("methodIntegration") or {}, integration):
        return False
    if current and not is_same:
        with tolerate(GONE):
            client.delete_method(**place)
    if not is_same:
        client.put_method(**place, **settings)
    client.put_integration(**place, **integration, integrationHttpMethod="POST")
    return True


def _has(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(current.get(name) == value for name, value in wanted.items())
