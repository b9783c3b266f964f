"""The inventory's part about API Gateway's APIs and about Cognito.

An API's execution logs carry its id and no name of ours: they are ours as long as the API is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labsupport import naming
from labsupport.aws_time import read_time
from labsupport.found import Resource, Search
from labsupport.resources.api_logging_role import api_logging_role
from labsupport.resources.rest_api import api_arn, execution_log_prefix
from labsupport.waiting import tolerate


def usage_plans(search: Search) -> Iterator[Resource]:
    """Yield the usage plans."""
    for plan in _tagged(search, "get_usage_plans"):
        arn = f"arn:aws:apigateway:{search.target.region}::/usageplans/{plan['id']}"
        note = f"{len(plan.get('apiStages', []))} stages"
        yield Resource("usage plan", f"{plan['name']}:{plan['id']}", arn, note=note)


def api_keys(search: Search) -> Iterator[Resource]:
    """Yield the API keys, without their values."""
    for key in _tagged(search, "get_api_keys"):
        arn = f"arn:aws:apigateway:{search.target.region}::/apikeys/{key['id']}"
        note = "" if key.get("enabled", True) else "not enabled"
        yield Resource("API key", f"{key['name']}:{key['id']}", arn, key["createdDate"], note)


def rest_apis(search: Search) -> Iterator[Resource]:
    """Yield the REST APIs."""
    for api in _tagged(search, "get_rest_apis"):
        with tolerate("NotFoundException"):  # deleted meanwhile
            stages = search.target.client("apigateway").get_stages(restApiId=api["id"])["item"]
            note = ", ".join(map(_stage, stages)) or "not deployed"
            arn = api_arn(search.target, api["id"])
            yield Resource("REST API", f"{api['name']}:{api['id']}", arn, api["createdDate"], note)


def _stage(stage: dict[str, Any]) -> str:
    note = f"stage {stage['stageName']}"
    if stage.get("cacheClusterEnabled"):
        note += f" with a cache of {stage.get('cacheClusterSize', '?')} GB: charged by the hour, used or not"
    return note


def v2_apis(search: Search) -> Iterator[Resource]:
    """Yield the HTTP APIs and the WebSocket APIs: one call lists both."""
    for api in search.pages("apigatewayv2", "get_apis", "Items"):
        if search.is_ours(api["Name"]) and search.has_our_tags(api.get("Tags", {})):
            arn = f"arn:aws:apigateway:{search.target.region}::/apis/{api['ApiId']}"
            note = {"HTTP": "HTTP API", "WEBSOCKET": "WebSocket API"}[api["ProtocolType"]]
            yield Resource(
                "HTTP/WebSocket API", f"{api['Name']}:{api['ApiId']}", arn, api.get("CreatedDate"), note
            )


def user_pools(search: Search) -> Iterator[Resource]:
    """Yield the user pools."""
    client = search.target.client("cognito-idp")
    for listed in search.pages("cognito-idp", "list_user_pools", "UserPools", MaxResults=60):
        if search.is_ours(listed["Name"]):
            with tolerate("ResourceNotFoundException"):  # deleted meanwhile
                pool = client.describe_user_pool(UserPoolId=listed["Id"])["UserPool"]
                if search.has_our_tags(pool.get("UserPoolTags", {})):
                    note = f"about {pool.get('EstimatedNumberOfUsers', 0)} users"
                    name = f"{pool['Name']}:{pool['Id']}"
                    yield Resource("user pool", name, pool["Arn"], pool["CreationDate"], note)


def logging_role(search: Search) -> Iterator[Resource]:
    """Yield the role that API Gateway writes its logs with, if it is one of ours."""
    arn = api_logging_role(search.target)
    name = (arn or "").rsplit("/", 1)[-1]
    if arn and search.is_ours(name):
        yield Resource("API logging role", name, arn, note="in API Gateway's settings of the account")


def api_log_groups(search: Search) -> Iterator[Resource]:
    """Yield the log groups that APIs write to: execution logs, and access logs with a name of ours."""
    access_logs = f"{naming.API_LOG_GROUPS}{naming.name_prefix(search.owner)}"
    ids = [api["id"] for api in _tagged(search, "get_rest_apis")]
    for prefix in [access_logs, *map(execution_log_prefix, ids)]:
        for group in search.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=prefix):
            created = read_time(group["creationTime"])
            note = f"{group.get('storedBytes', 0)} bytes, kept until it is deleted"
            yield Resource("log group", group["logGroupName"], group["arn"], created, note)


def _tagged(search: Search, operation: str) -> Iterator[dict[str, Any]]:
    """Yield what API Gateway lists with this operation, if name and tags are ours."""
    for thing in search.pages("apigateway", operation, "items"):
        if search.is_ours(thing.get("name", "")) and search.has_our_tags(thing.get("tags") or {}):
            yield thing
