"""An HTTP API on the local cloud: built, built again, changed, asked, deleted, deleted again."""

from __future__ import annotations

from typing import Any

import pytest

from labsupport.errors import DeployError
from labsupport.http_client import HttpClient
from labsupport.packaging import zip_files
from labsupport.resources.function import deploy_function
from labsupport.resources.function_policy import policy_statements
from labsupport.resources.http_api import Route, delete_http_api, deploy_http_api, find_http_api
from labsupport.resources.http_authorizer import JwtAuthorizer
from labsupport.resources.role import deploy_role
from labsupport.target import Target

pytestmark = pytest.mark.functional

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
CODE = zip_files({"handler.py": b"def handler(event, context):\n    return {'route': event['routeKey']}\n"})
ISSUER = JwtAuthorizer("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x", ("client",))


def name_of(target: Target, thing: str) -> str:
    return f"lab-{target.owner}-{thing}"


def a_function(target: Target, thing: str = "orders") -> str:
    name = name_of(target, thing)
    role_arn = deploy_role(target, name, policy=POLICY)
    return deploy_function(target, name, code=CODE, role_arn=role_arn).arn


def writes(target: Target) -> list[str]:
    calls = [call for call in target.tape.calls() if call.service == "apigatewayv2"]
    return [call.operation for call in calls if not call.operation.startswith("Get")]


def routes_of(target: Target, api_id: str) -> dict[str, dict[str, Any]]:
    found = target.client("apigatewayv2").get_routes(ApiId=api_id)["Items"]
    return {route["RouteKey"]: route for route in found}


def test_it_answers_at_its_url_and_only_on_its_routes(target: Target) -> None:
    arn, name = a_function(target), name_of(target, "orders")
    api = deploy_http_api(target, name, routes={"GET /orders": arn, "GET /orders/{id}": arn})
    assert (api.name, api.stage) == (name, "$default")
    http = HttpClient(target, api)
    assert http.get("/orders").json() == {"route": "GET /orders"}
    assert http.get("/orders/7").json() == {"route": "GET /orders/{id}"}
    assert http.get("/nothing").status == 404


def test_it_is_tagged_deploys_by_itself_and_may_invoke_its_function_and_no_other_api_may(
    target: Target,
) -> None:
    arn, name = a_function(target), name_of(target, "orders")
    api = deploy_http_api(target, name, routes={"GET /orders": arn})
    client = target.client("apigatewayv2")
    assert client.get_tags(ResourceArn=api.arn)["Tags"]["lab-owner"] == target.owner
    stages = client.get_stages(ApiId=api.id)["Items"]
    assert [(stage["StageName"], stage["AutoDeploy"]) for stage in stages] == [("$default", True)]
    statement = policy_statements(target, arn)[f"api-{name}"]
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
    assert statement["Condition"]["ArnLike"]["AWS:SourceArn"] == f"{api.execute_arn}/*"
    assert api.execute_arn.endswith(f"{target.account}:{api.id}")


def test_when_nothing_differs_then_nothing_is_written(target: Target) -> None:
    arn, name = a_function(target), name_of(target, "orders")
    options: dict[str, Any] = {
        "routes": {"GET /orders": arn, "POST /orders": Route(arn, authorizer="pool", scopes=("write",))},
        "cors": {"AllowOrigins": ["https://example.com"], "AllowMethods": ["GET"]},
        "authorizers": {"pool": ISSUER},
    }
    first = deploy_http_api(target, name, **options)
    before = writes(target)
    assert deploy_http_api(target, name, **options) == first
    assert writes(target) == before


def test_just_the_wanted_routes_and_integrations_are_left(target: Target) -> None:
    orders, stock, name = a_function(target), a_function(target, "stock"), name_of(target, "orders")
    api = deploy_http_api(target, name, routes={"GET /orders": orders, "GET /stock": stock})
    again = deploy_http_api(
        target, name, routes={"GET /orders": Route(orders, "AWS_IAM"), "$default": orders}
    )
    assert again.id == api.id
    routes = routes_of(target, api.id)
    assert {key: route["AuthorizationType"] for key, route in routes.items()} == {
        "GET /orders": "AWS_IAM",
        "$default": "NONE",
    }
    integrations = target.client("apigatewayv2").get_integrations(ApiId=api.id)["Items"]
    assert [each["IntegrationUri"] for each in integrations] == [orders]


def test_cors_payload_format_and_authorizers_are_updated(target: Target) -> None:
    arn, name = a_function(target), name_of(target, "orders")
    cors = {"AllowOrigins": ["*"]}
    route = Route(arn, authorizer="pool")
    api = deploy_http_api(
        target, name, routes={"GET /orders": route}, cors=cors, authorizers={"pool": ISSUER}
    )
    other = JwtAuthorizer("https://example.com", ("me",))
    deploy_http_api(
        target, name, routes={"GET /orders": route}, payload_format="1.0", authorizers={"pool": other}
    )
    client = target.client("apigatewayv2")
    assert "CorsConfiguration" not in client.get_api(ApiId=api.id)
    assert client.get_integrations(ApiId=api.id)["Items"][0]["PayloadFormatVersion"] == "1.0"
    found = client.get_authorizers(ApiId=api.id)["Items"]
    assert [each["JwtConfiguration"] for each in found] == [
        {"Issuer": "https://example.com", "Audience": ["me"]}
    ]
    assert routes_of(target, api.id)["GET /orders"]["AuthorizerId"] == found[0]["AuthorizerId"]


def test_when_a_stranger_has_the_name_then_it_is_left_alone(target: Target) -> None:
    arn, name = a_function(target), name_of(target, "orders")
    client = target.client("apigatewayv2")
    theirs = client.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
    with pytest.raises(DeployError, match="somebody else"):
        deploy_http_api(target, name, routes={"GET /orders": arn})
    assert routes_of(target, theirs) == {}
    client.delete_api(ApiId=theirs)


def test_it_is_deleted_and_may_be_gone_already_and_its_successor_may_invoke(target: Target) -> None:
    arn, name = a_function(target), name_of(target, "orders")
    api = deploy_http_api(target, name, routes={"GET /orders": arn})
    delete_http_api(target, api.id)
    delete_http_api(target, api.id)
    assert find_http_api(target, name) is None
    again = deploy_http_api(target, name, routes={"GET /orders": arn})
    assert again.id != api.id
    assert HttpClient(target, again).get("/orders").json() == {"route": "GET /orders"}
