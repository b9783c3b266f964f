"""HTTP APIs: what API Gateway puts in front of functions, route by route.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from labsupport.lost_answers import ONCE, survives_lost_answers
from labsupport.resources.api_permission import allow_api
from labsupport.resources.http_authorizer import JwtAuthorizer, sync_authorizers
from labsupport.resources.ownership import require_ours
from labsupport.target import Target
from labsupport.waiting import tolerate

DEFAULT_STAGE = "$default"
GONE = "NotFoundException"
TIMEOUT_MS = 30_000  # the longest that an HTTP API waits for an integration


@dataclass(frozen=True)
class Route:
    """Say who answers a route, and who may ask.

    Attributes:
        function_arn: of the function, or of one of its versions or aliases.
        authorizer: name of a JWT authorizer, "AWS_IAM", or "" for everybody.
        scopes: a token has to carry one of them.
    """

    function_arn: str
    authorizer: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HttpApiDescription:
    """Name an HTTP API in the ways that AWS asks for.

    Attributes:
        id: API Gateway's id of it.
        name: full name.
        url: where its stage answers, without a slash at the end.
        stage: name of the stage.
        arn: of the API itself, for its tags.
        execute_arn: of its requests, for policies: execute_arn + "/<stage>/<method>/<path>".
    """

    id: str
    name: str
    url: str
    stage: str
    arn: str
    execute_arn: str


@survives_lost_answers
def deploy_http_api(
    target: Target,
    name: str,
    *,
    routes: Mapping[str, str | Route],
    cors: Mapping[str, Any] | None = None,
    stage: str = DEFAULT_STAGE,
    payload_format: str = "2.0",
    authorizers: Mapping[str, JwtAuthorizer] | None = None,
) -> HttpApiDescription:
    """Create or update the API so that it has just these routes, and let it invoke their functions.

    Args:
        target: where.
        name: full name.
        routes: function ARN, or a `Route`, by route key, such as "POST /orders" or "$default".
        cors: API Gateway's CorsConfiguration, such as {"AllowOrigins": ["https://example.com"]}.
        stage: it deploys each change by itself.
        payload_format: version of the event that functions get, "2.0" or "1.0".
        authorizers: JWT authorizers by name.

    Raises:
        DeployError: somebody else's API has this name.
    """
    wanted = {key: route if isinstance(route, Route) else Route(route) for key, route in routes.items()}
    with target.tape.plumbing():
        api = _with_cors(target, _created(target, name), cors)
        described = described_api(target, api, stage)
        functions = sorted({route.function_arn for route in wanted.values()})
        integrations = _sync_integrations(target, api["ApiId"], functions, payload_format)
        keys = sync_authorizers(target, api["ApiId"], authorizers or {})
        _sync_routes(target, api["ApiId"], wanted, integrations, keys)
        _delete_integrations(target, api["ApiId"], except_for=integrations.values())
        _sync_stage(target, api["ApiId"], stage)
        for arn in functions:
            allow_api(target, arn, name, described.execute_arn)
        return described


def find_http_api(target: Target, name: str) -> dict[str, Any] | None:
    """Return API Gateway's description of the HTTP API of this name, or None."""
    pages = target.client("apigatewayv2").get_paginator("get_apis").paginate()
    apis = (api for page in pages for api in page["Items"])
    return next((api for api in apis if api["Name"] == name and api["ProtocolType"] == "HTTP"), None)


def described_api(target: Target, api: Mapping[str, Any], stage: str) -> HttpApiDescription:
    """Return the description of an API that API Gateway knows."""
    api_id, name = api["ApiId"], api["Name"]
    url = target.api_url(api_id, stage)
    execute_arn = f"arn:aws:execute-api:{target.region}:{target.account}:{api_id}"
    return HttpApiDescription(api_id, name, url, stage, api_arn(target, api_id), execute_arn)


def api_arn(target: Target, api_id: str) -> str:
    """Return the ARN under which API Gateway keeps an API's tags."""
    return f"arn:aws:apigateway:{target.region}::/apis/{api_id}"


def delete_http_api(target: Target, api_id: str) -> None:
    """Delete the API with its routes, integrations, authorizers and stages."""
    with target.tape.plumbing(), tolerate(GONE):
        target.client("apigatewayv2").delete_api(ApiId=api_id)


def _created(target: Target, name: str) -> dict[str, Any]:
    api = find_http_api(target, name)
    if api is not None:
        require_ours(target, f"HTTP API {name}", api.get("Tags", {}))
        return api
    created: dict[str, Any] = target.client("apigatewayv2", **ONCE).create_api(
        Name=name, ProtocolType="HTTP", Tags=target.tags()
    )
    return created


def _with_cors(target: Target, api: dict[str, Any], cors: Mapping[str, Any] | None) -> dict[str, Any]:
    client, current = target.client("apigatewayv2"), api.get("CorsConfiguration") or {}
    if cors and cors != current:
        client.update_api(ApiId=api["ApiId"], CorsConfiguration=dict(cors))
    elif current and not cors:
        with tolerate(GONE):
            client.delete_cors_configuration(ApiId=api["ApiId"])
    return api


def _sync_integrations(
    target: Target, api_id: str, functions: Iterable[str], payload_format: str
) -> dict[str, str]:
    """Return the integration's id of each function."""
    client = target.client("apigatewayv2")
    existing = {each.get("IntegrationUri"): each for each in items(client, "get_integrations", api_id)}
    found = {}
    for arn in functions:
        wanted = {
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": arn,
            "PayloadFormatVersion": payload_format,
            "TimeoutInMillis": TIMEOUT_MS,
        }
        current = existing.get(arn)
        if current is None:
            current = target.client("apigatewayv2", **ONCE).create_integration(ApiId=api_id, **wanted)
        elif any(current.get(key) != value for key, value in wanted.items()):
            client.update_integration(ApiId=api_id, IntegrationId=current["IntegrationId"], **wanted)
        found[arn] = current["IntegrationId"]
    return found


def _delete_integrations(target: Target, api_id: str, *, except_for: Iterable[str]) -> None:
    client, kept = target.client("apigatewayv2"), set(except_for)
    for integration in items(client, "get_integrations", api_id):
        if integration["IntegrationId"] not in kept:
            with tolerate(GONE):
                client.delete_integration(ApiId=api_id, IntegrationId=integration["IntegrationId"])


def _sync_routes(
    target: Target,
    api_id: str,
    wanted: Mapping[str, Route],
    integrations: Mapping[str, str],
    authorizers: Mapping[str, str],
) -> None:
    client = target.client("apigatewayv2")
    existing = {route["RouteKey"]: route for route in items(client, "get_routes", api_id)}
    for key in existing.keys() - wanted.keys():
        with tolerate(GONE):
            client.delete_route(ApiId=api_id, RouteId=existing[key]["RouteId"])
    for key, route in wanted.items():
        settings = {
            "Target": f"integrations/{integrations[route.function_arn]}",
            **_authorization(route, authorizers),
        }
        current = existing.get(key)
        if current is None:
            client.create_route(ApiId=api_id, RouteKey=key, **settings)
        elif any(current.get(name, _UNSET.get(name)) != value for name, value in settings.items()):
            client.update_route(ApiId=api_id, RouteId=current["RouteId"], **settings)


_UNSET: dict[str, Any] = {"AuthorizationType": "NONE", "AuthorizationScopes": []}
"""What API Gateway leaves out of a route."""


def _authorization(route: Route, authorizers: Mapping[str, str]) -> dict[str, Any]:
    if route.authorizer in ("", "AWS_IAM"):
        return {"AuthorizationType": route.authorizer or "NONE"}
    return {
        "AuthorizationType": "JWT",
        "AuthorizerId": authorizers[route.authorizer],
        "AuthorizationScopes": list(route.scopes),
    }


def _sync_stage(target: Target, api_id: str, stage: str) -> None:
    client = target.client("apigatewayv2")
    existing = {each["StageName"]: each for each in items(client, "get_stages", api_id)}
    if stage not in existing:
        client.create_stage(ApiId=api_id, StageName=stage, AutoDeploy=True, Tags=target.tags())
    elif not existing[stage].get("AutoDeploy"):
        client.update_stage(ApiId=api_id, StageName=stage, AutoDeploy=True)


def items(client: Any, operation: str, api_id: str) -> list[dict[str, Any]]:
    """Return all of an API's things of a kind, such as those of "get_routes"."""
    pages = client.get_paginator(operation).paginate(ApiId=api_id)
    return [item for page in pages for item in page["Items"]]
