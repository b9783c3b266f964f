"""REST APIs: a tree of resources with methods, live on a stage only after a deployment.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-rest-api.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labsupport.lost_answers import ONCE, survives_lost_answers
from labsupport.resources.api_permission import allow_api
from labsupport.resources.log_group import delete_log_groups
from labsupport.resources.ownership import require_ours
from labsupport.resources.rest_methods import RestMethod, sync_methods
from labsupport.target import Target
from labsupport.waiting import error_code, retry_while, tolerate

DELETE_SECONDS = 150
"""API Gateway deletes one REST API of an account in 30 s; others may be waiting too.

https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""


@dataclass(frozen=True)
class RestApiDescription:
    """Name a REST API in the ways that AWS asks for.

    Attributes:
        id: API Gateway's id of it.
        name: full name.
        url: where its stage answers, without a slash at the end.
        stage: name of the stage.
        root_resource_id: of the resource "/", below which all others are.
        arn: of the API itself, for its tags.
        execute_arn: of its requests, for policies: execute_arn + "/<stage>/<method>/<path>".
    """

    id: str
    name: str
    url: str
    stage: str
    root_resource_id: str
    arn: str
    execute_arn: str


@survives_lost_answers
def deploy_rest_api(
    target: Target,
    name: str,
    *,
    routes: Mapping[str, str | RestMethod],
    stage: str,
    endpoint_type: str = "REGIONAL",
) -> RestApiDescription:
    """Create or update the API so that it has just these methods, and deploy it if that changed anything.

    What was set elsewhere, such as a stage's cache or an API's authorizers, is left as it is.

    Args:
        target: where.
        name: full name.
        routes: function ARN, or a `RestMethod`, by HTTP method and path, such as "GET /orders/{id}".
        stage: the deployment's stage, such as "prod". It is part of the address.
        endpoint_type: "REGIONAL", "EDGE" or "PRIVATE"; only a new API gets it.

    Raises:
        DeployError: somebody else's API has this name.
    """
    wanted = {key: way if isinstance(way, RestMethod) else RestMethod(way) for key, way in routes.items()}
    with target.tape.plumbing():
        api = _created(target, name, endpoint_type)
        described = described_rest_api(target, api, stage)
        for arn in sorted({method.function_arn for method in wanted.values()}):
            allow_api(target, arn, name, described.execute_arn)
        changed = sync_methods(target, described.id, wanted)
        if wanted and (changed or not _has_stage(target, described.id, stage)):  # AWS deploys no empty API
            deploy_stage(target, described.id, stage)
        return described


@survives_lost_answers
def deploy_stage(target: Target, api_id: str, stage: str) -> None:
    """Make the API as it is now live on the stage."""
    client = target.client("apigateway")
    where = {"restApiId": api_id, "stageName": stage}
    with target.tape.plumbing():
        if _has_stage(target, api_id, stage):
            client.create_deployment(**where)
        else:  # CreateDeployment would make the stage too, but without tags
            deployment = client.create_deployment(restApiId=api_id)["id"]
            client.create_stage(**where, deploymentId=deployment, tags=target.tags())


def find_rest_api(target: Target, name: str) -> dict[str, Any] | None:
    """Return API Gateway's description of the REST API of this name, or None."""
    pages = target.client("apigateway").get_paginator("get_rest_apis").paginate()
    return next((api for page in pages for api in page["items"] if api["name"] == name), None)


def described_rest_api(target: Target, api: Mapping[str, Any], stage: str) -> RestApiDescription:
    """Return the description of an API that API Gateway knows, and of one of its stages."""
    api_id = api["id"]
    pages = target.client("apigateway").get_paginator("get_resources").paginate(restApiId=api_id)
    root = next(each["id"] for page in pages for each in page["items"] if each["path"] == "/")
    url = target.api_url(api_id, stage)
    execute_arn = f"arn:aws:execute-api:{target.region}:{target.account}:{api_id}"
    return RestApiDescription(api_id, api["name"], url, stage, root, api_arn(target, api_id), execute_arn)


def api_arn(target: Target, api_id: str) -> str:
    """Return the ARN under which API Gateway keeps an API's tags."""
    return f"arn:aws:apigateway:{target.region}::/restapis/{api_id}"


def execution_log_prefix(api_id: str) -> str:
    """Return what the execution logs of all stages of an API begin with.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    return f"API-Gateway-Execution-Logs_{api_id}/"


def delete_rest_api(target: Target, api_id: str) -> None:
    """Delete the API with its stages and execution logs. It may be gone already.

    The logs go first: once the API is gone, nothing tells whose they were. A late line may make one again.

    Raises:
        botocore.exceptions.ClientError: API Gateway still asks for patience at the end of the time.
    """
    client = target.client("apigateway")
    with target.tape.plumbing():
        delete_log_groups(target, execution_log_prefix(api_id))
        with tolerate("NotFoundException"):
            retry_while(
                lambda error: error_code(error) == "TooManyRequestsException",
                lambda: client.delete_rest_api(restApiId=api_id),
                timeout_seconds=DELETE_SECONDS,
                doing="waiting for API Gateway, which deletes one REST API at a time",
            )
        delete_log_groups(target, execution_log_prefix(api_id))


def _created(target: Target, name: str, endpoint_type: str) -> dict[str, Any]:
    api = find_rest_api(target, name)
    if api is not None:
        require_ours(target, f"REST API {name}", api.get("tags", {}))
        return api
    created: dict[str, Any] = target.client("apigateway", **ONCE).create_rest_api(
        name=name, endpointConfiguration={"types": [endpoint_type]}, tags=target.tags()
    )
    return created


def _has_stage(target: Target, api_id: str, stage: str) -> bool:
    stages = target.client("apigateway").get_stages(restApiId=api_id)["item"]
    return any(each["stageName"] == stage for each in stages)
