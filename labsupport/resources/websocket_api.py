"""WebSocket APIs: a function behind routes, and connections over which it can send by itself.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from labsupport.lost_answers import ONCE, survives_lost_answers
from labsupport.resources.api_permission import allow_api
from labsupport.resources.http_api import GONE, items
from labsupport.resources.ownership import require_ours
from labsupport.target import Target
from labsupport.waiting import tolerate

ROUTES = ("$connect", "$disconnect", "$default")
SELECTION = "$request.body.action"
TIMEOUT_MS = 29_000  # the longest that a WebSocket API waits for an integration


@dataclass(frozen=True)
class WebSocketApiDescription:
    """Name a WebSocket API in the ways that AWS and clients ask for.

    Attributes:
        id: API Gateway's id of it.
        name: full name.
        url: where clients connect: ws://... in the local cloud, wss://... on AWS.
        connections_url: endpoint_url of a boto3 client "apigatewaymanagementapi".
        stage: name of the stage.
        arn: of the API itself, for its tags.
        execute_arn: for policies: execute_arn + "/<stage>/<route>", or "/<stage>/POST/@connections/*".
    """

    id: str
    name: str
    url: str
    connections_url: str
    stage: str
    arn: str
    execute_arn: str


@survives_lost_answers
def deploy_websocket_api(
    target: Target,
    name: str,
    *,
    function_arn: str,
    routes: Iterable[str] = ROUTES,
    answering: Iterable[str] = (),
    stage: str = "live",
) -> WebSocketApiDescription:
    """Create or update the API so that it has just these routes, deploy it, and let it invoke the function.

    Args:
        target: where.
        name: full name.
        function_arn: of the function that all routes invoke.
        routes: route keys. A message's field "action" names its route; "$default" takes the others.
        answering: those of the routes whose function's answer is sent back to the client (route responses).
        stage: name of the stage.

    Raises:
        DeployError: somebody else's API has this name.
    """
    with target.tape.plumbing():
        api_id = _created(target, name)
        described = described_websocket_api(target, api_id, name, stage)
        integration_id = _sync_integration(target, api_id, function_arn)
        _sync_routes(target, api_id, tuple(routes), frozenset(answering), integration_id)
        _deploy(target, api_id, stage)
        allow_api(target, function_arn, name, described.execute_arn)
        return described


def described_websocket_api(target: Target, api_id: str, name: str, stage: str) -> WebSocketApiDescription:
    """Return the description of an API that API Gateway knows."""
    return WebSocketApiDescription(
        id=api_id,
        name=name,
        url=target.api_url(api_id, stage, protocol="websocket"),
        connections_url=target.api_url(api_id, stage),
        stage=stage,
        arn=f"arn:aws:apigateway:{target.region}::/apis/{api_id}",
        execute_arn=f"arn:aws:execute-api:{target.region}:{target.account}:{api_id}",
    )


def find_websocket_api(target: Target, name: str) -> dict[str, Any] | None:
    """Return API Gateway's description of the WebSocket API of this name, or None."""
    pages = target.client("apigatewayv2").get_paginator("get_apis").paginate()
    apis = (api for page in pages for api in page["Items"])
    return next((api for api in apis if api["Name"] == name and api["ProtocolType"] == "WEBSOCKET"), None)


def _created(target: Target, name: str) -> str:
    api = find_websocket_api(target, name)
    if api is not None:
        require_ours(target, f"WebSocket API {name}", api.get("Tags", {}))
        return str(api["ApiId"])
    created = target.client("apigatewayv2", **ONCE).create_api(
        Name=name, ProtocolType="WEBSOCKET", RouteSelectionExpression=SELECTION, Tags=target.tags()
    )
    return str(created["ApiId"])


def _sync_integration(target: Target, api_id: str, function_arn: str) -> str:
    client = target.client("apigatewayv2")
    wanted = {
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": f"arn:aws:apigateway:{target.region}:lambda:path/2015-03-31/functions/"
        f"{function_arn}/invocations",
        "TimeoutInMillis": TIMEOUT_MS,
    }
    existing = items(client, "get_integrations", api_id)
    if not existing:
        created = target.client("apigatewayv2", **ONCE).create_integration(ApiId=api_id, **wanted)
        return str(created["IntegrationId"])
    current = existing[0]
    if any(current.get(key) != value for key, value in wanted.items()):
        client.update_integration(ApiId=api_id, IntegrationId=current["IntegrationId"], **wanted)
    return str(current["IntegrationId"])


def _sync_routes(
    target: Target, api_id: str, wanted: tuple[str, ...], answering: frozenset[str], integration_id: str
) -> None:
    client = target.client("apigatewayv2")
    existing = {route["RouteKey"]: route for route in items(client, "get_routes", api_id)}
    for key in existing.keys() - set(wanted):
        with tolerate(GONE):
            client.delete_route(ApiId=api_id, RouteId=existing[key]["RouteId"])
    for key in wanted:
        # Without a target the route wouldn't answer; with another one it would invoke another function.
        settings: dict[str, Any] = {"Target": f"integrations/{integration_id}"}
        if key in answering:
            settings["RouteResponseSelectionExpression"] = "$default"
        route = existing.get(key)
        if route is None:
            route = client.create_route(ApiId=api_id, RouteKey=key, **settings)
        elif any(route.get(setting) != value for setting, value in settings.items()):
            client.update_route(ApiId=api_id, RouteId=route["RouteId"], **settings)
        _sync_response(client, api_id, route, wanted=key in answering)


def _sync_response(client: Any, api_id: str, route: Mapping[str, Any], *, wanted: bool) -> None:
    where = {"ApiId": api_id, "RouteId": route["RouteId"]}
    existing = client.get_route_responses(**where)["Items"]
    if wanted and not existing:
        client.create_route_response(**where, RouteResponseKey="$default")
    for response in [] if wanted else existing:
        with tolerate(GONE):
            client.delete_route_response(**where, RouteResponseId=response["RouteResponseId"])


def _deploy(target: Target, api_id: str, stage: str) -> None:
    """Make a deployment of what the API is now, and show it at the stage."""
    client = target.client("apigatewayv2")
    deployment = client.create_deployment(ApiId=api_id)["DeploymentId"]
    if stage in {each["StageName"] for each in items(client, "get_stages", api_id)}:
        client.update_stage(ApiId=api_id, StageName=stage, DeploymentId=deployment)
    else:
        client.create_stage(ApiId=api_id, StageName=stage, DeploymentId=deployment, Tags=target.tags())
