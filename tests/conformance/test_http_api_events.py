"""What a function gets from an HTTP API, in both payload formats, and what the client gets from its answer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labsupport.localcloud.record import CloudRecord
from tests.conformance.http_apis import HttpApi, http_api


@pytest.fixture(scope="module")
def api(cloud: CloudRecord, cloud_home: Path) -> Iterator[HttpApi]:
    with http_api(cloud_home) as built:
        built.route("ANY /orders/{id}")
        built.route("GET /files/{proxy+}")
        built.route("GET /files/readme")
        built.route("POST /one", built.integrate(payload_format="1.0"))
        built.route("$default")
        built.gateway.create_stage(
            ApiId=built.api_id, StageName="dev", AutoDeploy=True, StageVariables={"color": "blue"}
        )
        yield built


def test_format_2_has_awss_fields(api: HttpApi) -> None:
    event = api.event(
        "/orders/7?a=1&b=2&a=3&q=x%20y", headers=[("cookie", "c=1; d=2"), ("x-n", "1"), ("x-n", "2")]
    )
    context = event["requestContext"]
    assert event["version"] == "2.0"
    assert event["routeKey"] == context["routeKey"] == "ANY /orders/{id}"
    assert event["rawPath"] == context["http"]["path"] == "/orders/7"
    assert event["rawQueryString"] == "a=1&b=2&a=3&q=x%20y"
    assert event["queryStringParameters"] == {"a": "1,3", "b": "2", "q": "x y"}
    assert event["pathParameters"] == {"id": "7"}
    assert event["cookies"] == ["c=1", "d=2"]
    assert event["headers"]["x-n"] == "1,2"
    assert "cookie" not in event["headers"]
    assert event["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert event["isBase64Encoded"] is False
    assert (context["accountId"], context["apiId"], context["stage"]) == (
        api.target.account,
        api.api_id,
        "$default",
    )
    assert context["http"]["method"] == "GET"
    assert context["http"]["protocol"] == "HTTP/1.1"
    assert context["http"]["sourceIp"] == "127.0.0.1"
    assert context["http"]["userAgent"].startswith("python-httpx")
    assert context["domainName"].startswith(f"{api.api_id}.execute-api.")
    assert context["domainPrefix"] == api.api_id
    assert re.fullmatch(r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000", context["time"])
    assert context["timeEpoch"] > 1_700_000_000_000
    assert context["requestId"]


def test_what_a_request_does_not_have_is_not_in_format_2(api: HttpApi) -> None:
    event = api.event("/nothing")
    absent = {"body", "cookies", "queryStringParameters", "pathParameters", "stageVariables"}
    assert not absent & event.keys()
    assert event["rawQueryString"] == ""
    assert "authorizer" not in event["requestContext"]


def test_the_path_begins_with_the_stage_unless_it_is_the_default_one(api: HttpApi) -> None:
    event = api.event("/orders/7", stage="dev")
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/dev/orders/7"
    assert event["stageVariables"] == {"color": "blue"}
    assert event["pathParameters"] == {"id": "7"}


@pytest.mark.parametrize("region", ["us-east-1.", "", "anything."])
def test_the_host_names_the_api_too(api: HttpApi, region: str) -> None:
    host = {"host": f"{api.api_id}.execute-api.{region}localhost"}
    endpoint = api.target.client("sts").meta.endpoint_url
    default = api.client.get(f"{endpoint}/orders/7?a=1", headers=host).json()
    named = api.client.get(f"{endpoint}/dev/orders/7", headers=host).json()
    assert (default["rawPath"], default["requestContext"]["stage"]) == ("/orders/7", "$default")
    assert default["rawQueryString"] == "a=1"
    assert (named["rawPath"], named["requestContext"]["stage"]) == ("/dev/orders/7", "dev")


def test_the_most_specific_route_is_taken(api: HttpApi) -> None:
    keys = [api.event(path)["routeKey"] for path in ("/files/readme", "/files/a/b", "/orders/7", "/")]
    assert keys == ["GET /files/readme", "GET /files/{proxy+}", "ANY /orders/{id}", "$default"]
    assert api.event("/files/a/b")["pathParameters"] == {"proxy": "a/b"}


def test_head_is_answered_without_a_body(api: HttpApi) -> None:
    answer = api.call("/orders/7", "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 100


def test_text_is_text_and_other_bodies_are_base64(api: HttpApi) -> None:
    text = api.event("/x", "POST", content=b'{"a": "\xc3\xa9"}', headers={"content-type": "application/json"})
    assert (text["body"], text["isBase64Encoded"]) == ('{"a": "\u00e9"}', False)
    image = api.event("/x", "POST", content=b"\xff\xfe", headers={"content-type": "image/png"})
    assert (base64.b64decode(image["body"]), image["isBase64Encoded"]) == (b"\xff\xfe", True)


def test_format_1_is_a_rest_apis_event(api: HttpApi) -> None:
    event = api.event(
        "/one?a=1&a=3", "POST", stage="dev", content=b"hello",
        headers=[("content-type", "text/plain"), ("x-n", "1"), ("x-n", "2")],
    )  # fmt: skip
    context = event["requestContext"]
    assert (event["version"], event["resource"], event["httpMethod"]) == ("1.0", "/one", "POST")
    assert event["path"] == context["path"] == "/dev/one"
    assert event["headers"]["x-n"] == "2"
    assert event["multiValueHeaders"]["x-n"] == ["1", "2"]
    assert event["queryStringParameters"] == {"a": "3"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "3"]}
    assert event["pathParameters"] is None
    assert event["stageVariables"] == {"color": "blue"}
    assert (event["body"], event["isBase64Encoded"]) == ("hello", False)
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert (context["resourcePath"], context["stage"], context["protocol"]) == ("/one", "dev", "HTTP/1.1")
    assert context["requestTimeEpoch"] > 1_700_000_000_000


@pytest.mark.parametrize(
    ("returned", "body"),
    [({"n": 1}, b'{"n":1}'), ([1, 2], b"[1,2]"), ("hello", b"hello"), (None, b"null")],
)
def test_without_a_status_code_format_2_is_200_and_json(api: HttpApi, returned: Any, body: bytes) -> None:
    answer = api.call("/x", do={"return": returned})
    assert (answer.status_code, answer.content) == (200, body)
    assert answer.headers["content-type"] == "application/json"


def test_status_headers_cookies_and_binary_bodies_reach_the_client(api: HttpApi) -> None:
    returned = {
        "statusCode": 201,
        "headers": {"X-Count": 3, "content-type": "image/png"},
        "cookies": ["a=1; Secure", "b=2"],
        "body": base64.b64encode(b"\xff\xfe").decode(),
        "isBase64Encoded": True,
    }
    answer = api.call("/x", do={"return": returned})
    assert (answer.status_code, answer.content) == (201, b"\xff\xfe")
    assert answer.headers["x-count"] == "3"
    assert answer.headers.get_list("content-type") == ["image/png"]
    assert answer.headers.get_list("set-cookie") == ["a=1; Secure", "b=2"]
    assert answer.headers["apigw-requestid"]


def test_without_a_content_type_an_answer_is_text(api: HttpApi) -> None:
    answer = api.call("/x", do={"return": {"statusCode": 200, "body": "{}"}})
    assert answer.headers["content-type"] == "text/plain;charset=UTF-8"


def test_format_1_has_headers_with_several_values(api: HttpApi) -> None:
    returned = {
        "statusCode": "200",
        "headers": {"x-one": "1", "x-many": "0"},
        "multiValueHeaders": {"x-many": ["1", "2"], "Set-Cookie": ["a=1", "b=2"]},
        "body": "ok",
    }
    answer = api.call("/one", "POST", do={"return": returned})
    assert (answer.status_code, answer.text, answer.headers["x-one"]) == (200, "ok", "1")
    assert answer.headers.get_list("x-many") == ["1", "2"]
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


INTERNAL = (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize(
    "returned",
    [
        {"statusCode": "many"},
        {"statusCode": 200, "body": {"no": "string"}},
        {"statusCode": 200, "body": "!!", "isBase64Encoded": True},
        {"statusCode": 200, "body": "\u00e4", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["no object"]},
        {"statusCode": 42},
    ],
)
def test_an_answer_that_is_none_is_a_500(api: HttpApi, returned: Any) -> None:
    answer = api.call("/x", do={"return": returned})
    assert (answer.status_code, answer.json()) == INTERNAL


@pytest.mark.parametrize("returned", ["hello", {"n": 1}, None])
def test_format_1_wants_an_object_with_a_status_code(api: HttpApi, returned: Any) -> None:
    answer = api.call("/one", "POST", do={"return": returned})
    assert (answer.status_code, answer.json()) == INTERNAL


def test_an_exception_is_a_500_that_tells_nothing(api: HttpApi) -> None:
    answer = api.call("/x", do={"raise": "the password is secret"})
    assert (answer.status_code, answer.json()) == INTERNAL
    assert answer.headers["content-type"] == "application/json"
