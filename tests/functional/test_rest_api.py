"""A REST API and a user pool on the local cloud: built, built again, changed, asked, deleted."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from labsupport.errors import DeployError
from labsupport.packaging import zip_files
from labsupport.resources.earlier_api import clear_api
from labsupport.resources.function import deploy_function
from labsupport.resources.function_policy import policy_statements
from labsupport.resources.rest_api import delete_rest_api, deploy_rest_api, find_rest_api
from labsupport.resources.rest_methods import RestMethod
from labsupport.resources.role import deploy_role
from labsupport.resources.user_pool import delete_user_pool, deploy_user_pool, find_user_pool, sign_up
from labsupport.target import Target

pytestmark = pytest.mark.functional

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
CODE = zip_files(
    {
        "handler.py": b"import json\n"
        b"def handler(event, context):\n"
        b"    body = json.dumps({'resource': event['resource'], 'path': event['pathParameters']})\n"
        b"    return {'statusCode': 200, 'body': body}\n"
    }
)


def name_of(target: Target, thing: str) -> str:
    return f"lab-{target.owner}-{thing}"


def a_function(target: Target, thing: str = "orders") -> str:
    name = name_of(target, thing)
    role_arn = deploy_role(target, name, policy=POLICY)
    return deploy_function(target, name, code=CODE, role_arn=role_arn).arn


def writes(target: Target) -> list[str]:
    reading = ("Get", "List", "Describe")
    calls = [call for call in target.tape.calls() if call.service in ("apigateway", "cognito-idp")]
    return [call.operation for call in calls if not call.operation.startswith(reading)]


def methods_of(target: Target, api_id: str) -> dict[str, list[str]]:
    found = target.client("apigateway").get_resources(restApiId=api_id, embed=["methods"])["items"]
    return {each["path"]: sorted(each.get("resourceMethods", {})) for each in found}


def test_it_answers_at_its_url_and_may_invoke_its_function(target: Target) -> None:
    arn, name = a_function(target), name_of(target, "orders")
    routes = {"GET /orders": arn, "GET /orders/{id}": arn}
    api = deploy_rest_api(target, name, routes=routes, stage="prod")
    answer = httpx.get(f"{api.url}/orders/7", trust_env=False)
    assert answer.json() == {"resource": "/orders/{id}", "path": {"id": "7"}}
    assert target.client("apigateway").get_tags(resourceArn=api.arn)["tags"]["lab-owner"] == target.owner
    source = policy_statements(target, arn)[f"api-{name}"]["Condition"]["ArnLike"]["AWS:SourceArn"]
    assert source == f"{api.execute_arn}/*"


def test_when_nothing_differs_then_nothing_is_written_and_nothing_deployed(target: Target) -> None:
    arn, name = a_function(target), name_of(target, "orders")
    routes: dict[str, str | RestMethod] = {
        "GET /orders": arn,
        "POST /orders": RestMethod(arn, "AWS_IAM", api_key_required=True),
    }
    first = deploy_rest_api(target, name, routes=routes, stage="prod")
    before = writes(target)
    assert before.count("CreateDeployment") == 1
    assert deploy_rest_api(target, name, routes=routes, stage="prod") == first
    assert writes(target) == before


def test_just_the_wanted_methods_are_left_and_are_deployed(target: Target) -> None:
    orders, name = a_function(target), name_of(target, "orders")
    routes = {"GET /orders": orders, "POST /orders": orders, "GET /stock/{id}/price": orders}
    api = deploy_rest_api(target, name, routes=routes, stage="prod")
    guarded: dict[str, str | RestMethod] = {"GET /orders": RestMethod(orders, api_key_required=True)}
    again = deploy_rest_api(target, name, routes=guarded, stage="prod")
    assert again == api
    assert methods_of(target, api.id) == {"/": [], "/orders": ["GET"]}
    assert writes(target).count("CreateDeployment") == 2
    assert httpx.get(f"{api.url}/orders", trust_env=False).status_code == 403


def test_a_method_gets_another_function_and_another_stage_is_deployed(target: Target) -> None:
    orders, stock, name = a_function(target), a_function(target, "stock"), name_of(target, "orders")
    api = deploy_rest_api(target, name, routes={"GET /x": orders}, stage="prod")
    deploy_rest_api(target, name, routes={"GET /x": stock}, stage="test")
    client = target.client("apigateway")
    (resource,) = [each for each in client.get_resources(restApiId=api.id)["items"] if each["path"] == "/x"]
    integration = client.get_integration(restApiId=api.id, resourceId=resource["id"], httpMethod="GET")
    assert stock in integration["uri"] and integration["httpMethod"] == "POST"
    assert {stage["stageName"] for stage in client.get_stages(restApiId=api.id)["item"]} == {"prod", "test"}


def test_when_a_stranger_has_the_name_then_it_is_left_alone(target: Target) -> None:
    name, client = name_of(target, "orders"), target.client("apigateway")
    theirs = client.create_rest_api(name=name)["id"]
    with pytest.raises(DeployError, match="somebody else"):
        deploy_rest_api(target, name, routes={}, stage="prod")
    assert client.get_stages(restApiId=theirs)["item"] == []
    client.delete_rest_api(restApiId=theirs)


def test_it_is_deleted_with_its_execution_logs_and_may_be_gone_already(target: Target) -> None:
    name = name_of(target, "orders")
    api = deploy_rest_api(target, name, routes={}, stage="prod")
    logs = target.client("logs")
    logs.create_log_group(logGroupName=f"API-Gateway-Execution-Logs_{api.id}/prod")
    delete_rest_api(target, api.id)
    delete_rest_api(target, api.id)
    assert find_rest_api(target, name) is None
    left = logs.describe_log_groups(logGroupNamePrefix="API-Gateway-Execution-Logs_")["logGroups"]
    assert [group for group in left if api.id in group["logGroupName"]] == []


class TestUserPool:
    def test_it_is_made_once_with_tags_and_a_client_without_a_secret(self, target: Target) -> None:
        name = name_of(target, "customers")
        pool = deploy_user_pool(target, name)
        before = writes(target)
        assert deploy_user_pool(target, name) == pool
        assert writes(target) == before == ["CreateUserPool", "CreateUserPoolClient"]
        client = target.client("cognito-idp")
        described = client.describe_user_pool(UserPoolId=pool.id)["UserPool"]
        assert described["UserPoolTags"]["lab-owner"] == target.owner
        app = client.describe_user_pool_client(UserPoolId=pool.id, ClientId=pool.client_id)
        assert "ClientSecret" not in app["UserPoolClient"]
        assert pool.issuer.endswith(f"amazonaws.com/{pool.id}")

    def test_who_signs_up_gets_tokens_of_the_pool_and_no_secret_is_on_the_tape(self, target: Target) -> None:
        pool = deploy_user_pool(target, name_of(target, "customers"))
        tokens = sign_up(target, pool, "ana@example.com")
        again = sign_up(target, pool, "ana@example.com")
        assert again.access != tokens.access
        user = target.client("cognito-idp").get_user(AccessToken=again.access)
        assert {"Name": "email", "Value": "ana@example.com"} in user["UserAttributes"]
        assert tokens.access not in repr(tokens) and tokens.id not in repr(tokens)
        shown = " ".join(map(str, target.tape.calls()))
        assert "AdminSetUserPassword" in shown and "aA1-" not in shown and tokens.access not in shown
        assert tokens.headers() == {"Authorization": f"Bearer {tokens.access}"}

    def test_when_a_stranger_has_the_name_then_it_is_left_alone(self, target: Target) -> None:
        client, name = target.client("cognito-idp"), name_of(target, "customers")
        theirs = client.create_user_pool(PoolName=name)["UserPool"]["Id"]
        with pytest.raises(DeployError, match="somebody else"):
            deploy_user_pool(target, name)
        client.delete_user_pool(UserPoolId=theirs)

    def test_it_is_deleted_and_may_be_gone_already(self, target: Target) -> None:
        name = name_of(target, "customers")
        pool: Any = deploy_user_pool(target, name)
        delete_user_pool(target, pool.id)
        delete_user_pool(target, pool.id)
        assert find_user_pool(target, name) is None


def test_what_an_earlier_run_has_left_is_cleared_and_nothing_else(target: Target) -> None:
    name, other = name_of(target, "left"), name_of(target, "other")
    rest, http = target.client("apigateway"), target.client("apigatewayv2")
    for each in (name, other):
        made = {"name": each, "tags": target.tags()}
        deploy_rest_api(target, each, routes={"GET /": a_function(target)}, stage="prod")
        api = find_rest_api(target, each)
        assert api is not None
        plan = rest.create_usage_plan(**made, apiStages=[{"apiId": api["id"], "stage": "prod"}])["id"]
        key = rest.create_api_key(**made, enabled=True)["id"]
        rest.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
        http.create_api(
            Name=each, ProtocolType="WEBSOCKET", RouteSelectionExpression="$x", Tags=target.tags()
        )
    clear_api(target, name)
    clear_api(target, name)
    left = [api["Name"] for api in http.get_apis()["Items"]]
    for operation in (rest.get_rest_apis, rest.get_usage_plans, rest.get_api_keys):
        left += [each["name"] for each in operation(limit=500)["items"]]
    assert (left.count(name), left.count(other)) == (0, 4)


def test_a_strangers_api_of_the_name_is_not_cleared(target: Target) -> None:
    name = name_of(target, "stranger")
    made = target.client("apigateway").create_rest_api(name=name)["id"]
    with pytest.raises(DeployError):
        clear_api(target, name)
    target.client("apigateway").delete_rest_api(restApiId=made)


def test_a_tag_that_an_api_gets_later_is_shown(target: Target) -> None:
    client, name = target.client("apigateway"), name_of(target, "tagged")
    made = client.create_rest_api(name=name, tags={"first": "1"})["id"]
    tags = target.tags()
    client.tag_resource(resourceArn=f"arn:aws:apigateway:us-east-1::/restapis/{made}", tags=tags)
    for shown in (client.get_rest_api(restApiId=made), find_rest_api(target, name)):
        assert shown is not None
        assert shown["tags"] == {"first": "1", **tags}
    delete_rest_api(target, made)
