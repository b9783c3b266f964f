"""Who may call a method of a REST API: Lambda authorizers, IAM, user pools.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from labsupport.lab import Lab
from tests.conformance.conftest import archive
from tests.conformance.rest_apis import CODE, RestApi, uri

pytestmark = pytest.mark.functional

# Allows a token that begins with "allow". Its context tells how often it was asked.
AUTHORIZER = archive(
    app="""
        count = 0

        def handler(event, context):
            global count
            count += 1
            query = event.get("queryStringParameters") or {}
            token = event.get("authorizationToken") or query.get("token", "")
            if token == "unauthorized":
                raise Exception("Unauthorized")
            if token == "broken":
                return {"principalId": "me"}
            effect = "Allow" if token.startswith("allow") else "Deny"
            statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
            return {
                "principalId": "me",
                "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
                "context": {"count": count, "flag": True},
            }
    """
)
LOGS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": "*"}],
}


@pytest.fixture(scope="module")
def api(module_lab: Lab) -> RestApi:
    role = module_lab.deploy_role("authorized", policy=LOGS)
    settings: dict[str, Any] = {"handler": "app.handler", "role_arn": role, "memory_mb": 1769}
    echo = module_lab.deploy_function("echo", code=CODE, **settings)
    authorizer = module_lab.deploy_function("authorizer", code=AUTHORIZER, **settings)
    api = RestApi(module_lab, "authorized")
    api.allow(echo.arn)
    kinds = {
        "/token": {"type": "TOKEN", "identitySource": "method.request.header.Authorization"},
        "/uncached": {
            "type": "TOKEN",
            "identitySource": "method.request.header.Authorization",
            "authorizerResultTtlInSeconds": 0,
        },
        "/request": {"type": "REQUEST", "identitySource": "method.request.querystring.token"},
        "/forbidden": {"type": "TOKEN", "identitySource": "method.request.header.Authorization"},
    }
    for path, kind in kinds.items():
        made = api.client.create_authorizer(
            restApiId=api.id, name=path[1:], authorizerUri=uri(authorizer.arn), **kind
        )
        api.function(path, echo.arn, authorizationType="CUSTOM", authorizerId=made["id"])
        if path != "/forbidden":
            api.allow(authorizer.arn, f"authorizers/{made['id']}")
    api.function("/iam", echo.arn, authorizationType="AWS_IAM")
    api.deploy()
    return api


def with_token(api: RestApi, token: str, path: str = "/token") -> httpx.Response:
    return api.call(path, headers={"Authorization": token})


def context(answer: httpx.Response) -> dict[str, Any]:
    return dict(answer.json()["requestContext"]["authorizer"])


def test_a_token_authorizer_lets_in_and_gives_its_context(api: RestApi) -> None:
    answer = with_token(api, "allow-context")
    assert answer.status_code == 200
    assert context(answer)["principalId"] == "me"
    assert context(answer)["flag"] == "true"


@pytest.mark.parametrize(
    ("token", "status", "body"),
    [
        (
            "deny",
            403,
            {
                "Message": "User is not authorized to access this resource with an explicit deny in an "
                "identity-based policy"
            },
        ),
        ("unauthorized", 401, {"message": "Unauthorized"}),
        ("broken", 500, {"message": "Internal server error"}),
    ],
)
def test_a_token_authorizer_keeps_out(api: RestApi, token: str, status: int, body: dict[str, str]) -> None:
    answer = with_token(api, token)
    assert (answer.status_code, answer.json()) == (status, body)


def test_without_a_token_nobody_is_asked(api: RestApi) -> None:
    answer = api.call("/token")
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_a_result_is_cached_by_its_token(api: RestApi) -> None:
    first = context(with_token(api, "allow-once"))["count"]
    assert context(with_token(api, "allow-once"))["count"] == first
    assert context(with_token(api, "allow-other"))["count"] != first
    uncached = [context(with_token(api, "allow", "/uncached"))["count"] for _ in range(2)]
    assert uncached[0] != uncached[1]


def test_the_cache_of_results_can_be_flushed(api: RestApi) -> None:
    first = context(with_token(api, "allow-flushed"))["count"]
    api.client.flush_stage_authorizers_cache(restApiId=api.id, stageName="test")
    assert context(with_token(api, "allow-flushed"))["count"] != first


def test_a_request_authorizer_sees_the_request(api: RestApi) -> None:
    assert api.call("/request", params={"token": "allow"}).status_code == 200
    assert api.call("/request", params={"token": "deny"}).status_code == 403
    assert api.call("/request").status_code == 401


def test_an_authorizer_that_may_not_be_invoked_is_a_500(api: RestApi) -> None:
    answer = with_token(api, "allow", "/forbidden")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})


def test_iam_wants_a_signature(api: RestApi) -> None:
    answer = api.call("/iam")
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})
    request = AWSRequest("GET", api.url("/iam"))
    credentials = api.lab.target.session.get_credentials()
    SigV4Auth(credentials, "execute-api", "us-east-1").add_auth(request)
    signed = api.call("/iam", headers=dict(request.headers))
    assert signed.status_code == 200
    assert signed.json()["requestContext"]["identity"]["accessKey"] == credentials.access_key
