"""Lambda proxy integrations of REST APIs: the event, the answer, and what the client gets when it fails.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from tests.conformance.rest_apis import CODE, RestApi, answer_of

pytestmark = pytest.mark.functional

INTERNAL = {"message": "Internal server error"}


@pytest.fixture(scope="module")
def api(module_lab: Lab) -> RestApi:
    function = module_lab.deploy_function(
        "echo",
        code=CODE,
        handler="app.handler",
        role_arn=module_lab.deploy_role("echo", policy=ALL_LOGS),
        timeout_seconds=10,
        memory_mb=1769,
    )
    api = RestApi(module_lab, "lambda", binaryMediaTypes=["image/png"])
    api.arn = function.arn  # type: ignore[attr-defined]
    api.function("/items/{id}", function.arn, "ANY")
    api.function("/slow", function.arn, integration={"timeoutInMillis": 100})
    api.function("/private", function.arn)
    api.function("/variable", "${stageVariables.function}")
    for source in ("test/*/items/*", "test/GET/slow", "test/GET/variable"):
        api.allow(function.arn, source)
    api.deploy(variables={"function": function.arn})
    return api


ALL_LOGS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": "*"}],
}


def test_the_event_has_what_aws_documents(api: RestApi) -> None:
    answer = api.call(
        "/items/7",
        "POST",
        params=[("color", "red"), ("color", "blue")],
        content="text",
        headers={"X-Own": "1"},
    )
    event = answer.json()
    assert "version" not in event
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/items/{id}", "/items/7", "POST")
    assert event["pathParameters"] == {"id": "7"}
    assert event["queryStringParameters"] == {"color": "blue"}
    assert event["multiValueQueryStringParameters"] == {"color": ["red", "blue"]}
    assert event["multiValueHeaders"]["x-own"] == ["1"]
    assert event["headers"]["X-Forwarded-Proto"] == "https"
    assert (event["body"], event["isBase64Encoded"]) == ("text", False)
    assert event["stageVariables"] == {"function": api.arn}  # type: ignore[attr-defined]
    context = event["requestContext"]
    assert (context["stage"], context["path"], context["resourcePath"]) == (
        "test",
        "/test/items/7",
        "/items/{id}",
    )
    assert (context["apiId"], context["protocol"]) == (api.id, "HTTP/1.1")
    assert context["domainName"].startswith(f"{api.id}.execute-api.us-east-1.")
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["identity"]["userArn"] is None
    assert context["requestId"] == answer.headers["x-amzn-requestid"]
    assert context["extendedRequestId"] == answer.headers["x-amz-apigw-id"]
    assert answer.headers["x-amzn-trace-id"] == event["headers"]["X-Amzn-Trace-Id"]
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", answer.headers["x-amzn-trace-id"])


def test_an_answer_reaches_the_client(api: RestApi) -> None:
    said = {
        "statusCode": 201,
        "headers": {"X-One": "a", "content-type": "text/plain"},
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
        "body": "made",
    }
    answer = api.call("/items/7", **answer_of(said))
    assert (answer.status_code, answer.text) == (201, "made")
    assert answer.headers["x-one"] == "a"
    assert answer.headers.get_list("content-type") == ["text/plain"]
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_binary_bodies_are_base64_between_api_gateway_and_the_function(api: RestApi) -> None:
    data = bytes(range(256))
    event = api.call("/items/7", "POST", content=data, headers={"Content-Type": "image/png"}).json()
    assert event["isBase64Encoded"]
    assert base64.b64decode(event["body"]) == data
    said = {
        "headers": {"Content-Type": "image/png"},
        "body": base64.b64encode(data).decode(),
        "isBase64Encoded": True,
    }
    request = answer_of(said) | {"headers": {"Accept": "image/png"}}
    assert api.call("/items/7", **request).content == data


@pytest.mark.parametrize("said", ["text", [1], {"status": 200}, {"statusCode": "x"}, {"body": {"a": 1}}])
def test_a_malformed_answer_is_a_502(api: RestApi, said: Any) -> None:
    answer = api.call("/items/7", **answer_of(said))
    assert (answer.status_code, answer.json()) == (502, INTERNAL)


def test_an_exception_is_a_502_that_tells_nothing(api: RestApi) -> None:
    answer = api.call("/items/7", params={"do": "raise"})
    assert (answer.status_code, answer.json()) == (502, INTERNAL)
    assert "secret" not in answer.text


def test_a_missing_permission_is_a_500(api: RestApi) -> None:
    answer = api.call("/private")
    assert (answer.status_code, answer.json()) == (500, INTERNAL)


def test_a_throttled_function_is_a_500(api: RestApi) -> None:
    client = api.lab.client("lambda")
    name = api.lab.name("echo")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        answer = api.call("/items/7")
    finally:
        client.delete_function_concurrency(FunctionName=name)
    assert (answer.status_code, answer.json()) == (500, INTERNAL)


def test_an_integration_that_takes_too_long_is_a_504(api: RestApi) -> None:
    answer = api.call("/slow", params={"do": "sleep"})
    assert (answer.status_code, answer.json()) == (504, {"message": "Endpoint request timed out"})
    assert answer.elapsed.total_seconds() < 0.9  # the function sleeps for a second, and goes on sleeping


@pytest.mark.parametrize("timeout_ms", [49, 29_001])
def test_the_time_limit_lies_between_50_ms_and_29_s(api: RestApi, timeout_ms: int) -> None:
    with pytest.raises(ClientError, match="Timeout should be between 50 ms and 29000 ms"):
        api.client.put_integration(**api.place("/slow"), type="MOCK", timeoutInMillis=timeout_ms)


def test_a_regional_api_may_wait_longer(module_lab: Lab) -> None:
    api = RestApi(module_lab, "patient", endpointConfiguration={"types": ["REGIONAL"]})
    place = api.put_method("/")
    made = api.client.put_integration(**place, type="MOCK", timeoutInMillis=60_000)
    assert made["timeoutInMillis"] == 60_000


def test_a_body_above_10_mb_is_a_413(api: RestApi) -> None:
    answer = api.call("/items/7", "POST", content=bytes(10 * 1024 * 1024 + 1))
    assert answer.status_code == 413


def test_a_stage_variable_can_name_the_function(api: RestApi) -> None:
    assert api.call("/variable").json()["resource"] == "/variable"
