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
        yield search.found(
            "usage plan", f"{plan['name']}:{plan['id']}", arn, note=note, tags=plan.get("tags")
        )


def api_keys(search: Search) -> Iterator[Resource]:
    """Yield the API keys, without their values."""
    for key in _tagged(search, "get_api_keys"):
        arn = f"arn:aws:apigateway:{search.target.region}::/apikeys/{key['id']}"
        note = "" if key.get("enabled", True) else "not enabled"
        name, created = f"{key['name']}:{key['id']}", key["createdDate"]
        yield search.found("API key", name, arn, created, note, tags=key.get("tags"))


def rest_apis(search: Search) -> Iterator[Resource]:
    """Yield the REST APIs."""
    for api in _tagged(search, "get_rest_apis"):
        with tolerate("NotFoundException"):  # deleted meanwhile
            stages = search.target.client("apigateway").get_stages(restApiId=api["id"])["item"]
            note = ", ".join(map(_stage, stages)) or "not deployed"
            arn = api_arn(search.target, api["id"])
            name, created = f"{api['name']}:{api['id']}", api["createdDate"]
            yield search.found("REST API", name, arn, created, note, tags=api.get("tags"))


def _stage(stage: dict[str, Any]) -> str:
    note = f"stage {stage['stageName']}"
    if stage.get("cacheClusterEnabled"):
        note += f" with a cache of {stage.get('cacheClusterSize', '?')} GB: charged by the hour, used or not"
    return note


def v2_apis(search: Search) -> Iterator[Resource]:
    """Yield the HTTP APIs and the WebSocket APIs: one call lists both."""
    for api in search.pages("apigatewayv2", "get_apis", "Items"):
        tags = api.get("Tags", {})
        if search.has_our_tags(api["Name"], tags):
            arn = f"arn:aws:apigateway:{search.target.region}::/apis/{api['ApiId']}"
            note = {"HTTP": "HTTP API", "WEBSOCKET": "WebSocket API"}[api["ProtocolType"]]
            name, created = f"{api['Name']}:{api['ApiId']}", api.get("CreatedDate")
            yield search.found("HTTP/WebSocket API", name, arn, created, note, tags=tags)


def user_pools(search: Search) -> Iterator[Resource]:
    """Yield the user pools."""
    client = search.target.client("cognito-idp")
    for listed in search.pages("cognito-idp", "list_user_pools", "UserPools", MaxResults=60):
        if search.is_ours(listed["Name"]):
            with tolerate("ResourceNotFoundException"):  # deleted meanwhile
                pool = client.describe_user_pool(UserPoolId=listed["Id"])["UserPool"]
                tags = pool.get("UserPoolTags", {})
                if search.has_our_tags(pool["Name"], tags):
                    note = f"about {pool.get('EstimatedNumberOfUsers', 0)} users"
                    name = f"{pool['Name']}:{pool['Id']}"
                    yield search.found("user pool", name, pool["Arn"], pool["CreationDate"], note, tags=tags)


def logging_role(search: Search) -> Iterator[Resource]:
    """Yield the role that API Gateway writes its logs with, if it is one of ours."""
    arn = api_logging_role(search.target)
    name = (arn or "").rsplit("/", 1)[-1]
    if arn and search.is_ours(name):
        yield search.found("API logging role", name, arn, note="in API Gateway's settings of the account")


def api_log_groups(search: Search) -> Iterator[Resource]:
    """Yield the log groups that APIs write to: execution logs, and access logs with a name of ours."""
    prefixes = {f"{naming.API_LOG_GROUPS}{search.prefix}": None}
    prefixes |= {execution_log_prefix(api["id"]): api["name"] for api in _tagged(search, "get_rest_apis")}
    for prefix, of in prefixes.items():
        for group in search.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=prefix):
            name, created = group["logGroupName"], read_time(group["creationTime"])
            if search.is_ours(of or name):
                note = f"{group.get('storedBytes', 0)} bytes, kept until it is deleted"
                yield search.found("log group", name, group["arn"], created, note, of=of)


def _tagged(search: Search, operation: str) -> Iterator[dict[str, Any]]:
    """Yield what API Gateway lists with this operation, if name and tags are ours."""
    for thing in search.pages("apigateway", operation, "items"):
        if search.has_our_tags(thing.get("name", ""), thing.get("tags") or {}):
            yield thing
