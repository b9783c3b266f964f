"""What an HTTP API decides without a cloud: routes, events, answers, CORS and authorizers."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from labsupport.localcloud.api_gateway.http import (
    cors,
    function_event,
    lambda_authorizer,
    log_variables,
    response,
    routes,
)
from labsupport.localcloud.api_gateway.http.exchange import HttpAnswer, HttpExchange
from labsupport.localcloud.api_gateway.http.lambda_authorizer import Verdict, VerdictCache
from labsupport.localcloud.api_gateway.http.response import MalformedResponse
from labsupport.localcloud.rules import http_api

ARN = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/orders/7"


def exchange(**changes: Any) -> HttpExchange:
    """Return a request to GET /dev/orders/7 as it has found its route."""
    known: dict[str, Any] = {
        "account": "123456789012",
        "region": "us-east-1",
        "api_id": "abc",
        "stage": "dev",
        "method": "GET",
        "path": "/orders/7",
        "raw_query": "",
        "headers": [],
        "query": [],
        "body": b"",
        "route_key": "GET /orders/{id}",
        "path_parameters": {"id": "7"},
        "domain_name": "abc.execute-api.us-east-1.localhost",
        "epoch_ms": 1_700_000_000_123,
    }
    return HttpExchange(**known | changes)


class TestRoutes:
    KEYS = (
        "$default",
        "ANY /{proxy+}",
        "GET /orders/{id}",
        "ANY /orders/{id}",
        "GET /orders/new",
        "GET /{kind}/new",
        "GET /files/{proxy+}",
        "GET /a.b",
    )

    @pytest.mark.parametrize(
        ("method", "path", "key", "parameters"),
        [
            ("GET", "/orders/new", "GET /orders/new", {}),
            ("GET", "/tables/new", "GET /{kind}/new", {"kind": "tables"}),
            ("GET", "/orders/7", "GET /orders/{id}", {"id": "7"}),
            ("PUT", "/orders/7", "ANY /orders/{id}", {"id": "7"}),
            ("GET", "/orders/7/lines", "ANY /{proxy+}", {"proxy": "orders/7/lines"}),
            ("GET", "/files/a/b.txt", "GET /files/{proxy+}", {"proxy": "a/b.txt"}),
            ("GET", "/a.b", "GET /a.b", {}),
            ("GET", "/axb", "ANY /{proxy+}", {"proxy": "axb"}),
            ("GET", "/", "$default", {}),
        ],
    )
    def test_the_most_specific_one_is_taken_in_any_order(
        self, method: str, path: str, key: str, parameters: dict[str, str]
    ) -> None:
        for keys in (self.KEYS, self.KEYS[::-1]):
            found = routes.find([{"routeKey": each} for each in keys], method, path)
            assert found is not None
            assert (found.route["routeKey"], found.path_parameters) == (key, parameters)

    def test_without_a_match_and_a_default_there_is_none(self) -> None:
        assert routes.find([{"routeKey": "GET /orders"}], "POST", "/orders") is None
        assert routes.find([{"routeKey": "GET /orders"}], "GET", "/orders/") is None

    def test_a_resource_path_is_the_routes(self) -> None:
        assert routes.resource_path("GET /orders/{id}") == "/orders/{id}"
        assert routes.resource_path("$default") == "$default"


class TestEvents:
    def test_format_2_joins_what_comes_twice_and_lists_cookies(self) -> None:
        headers = [("x-n", "1"), ("cookie", "a=1; b=2"), ("x-n", "2"), ("cookie", "c=3")]
        query = [("a", "1"), ("b", ""), ("a", "3")]
        event = function_event.build(exchange(headers=headers, query=query, raw_query="a=1&b=&a=3"), "2.0")
        assert event["headers"] == {"x-n": "1,2"}
        assert event["cookies"] == ["a=1", "b=2", "c=3"]
        assert event["queryStringParameters"] == {"a": "1,3", "b": ""}
        assert (event["rawPath"], event["rawQueryString"]) == ("/dev/orders/7", "a=1&b=&a=3")
        assert event["requestContext"]["time"] == "14/Nov/2023:22:13:20 +0000"
        assert event["requestContext"]["timeEpoch"] == 1_700_000_000_123
        assert event["requestContext"]["domainPrefix"] == "abc"
        assert event["requestContext"]["http"] == {
            "method": "GET",
            "path": "/dev/orders/7",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "",
        }

    def test_the_default_stage_is_not_in_the_path(self) -> None:
        assert function_event.version_2(exchange(stage="$default"))["rawPath"] == "/orders/7"

    def test_format_2_leaves_out_what_is_not_there(self) -> None:
        event = function_event.version_2(exchange(path_parameters={}))
        optional = {"body", "cookies", "queryStringParameters", "pathParameters", "stageVariables"}
        assert not optional & event.keys() and "authorizer" not in event["requestContext"]

    def test_format_1_has_nulls_and_lists_beside_the_last_value(self) -> None:
        event = function_event.build(exchange(headers=[("x-n", "1"), ("x-n", "2")]), "1.0")
        assert event["headers"] == {"x-n": "2"}
        assert event["multiValueHeaders"] == {"x-n": ["1", "2"]}
        absent = ("queryStringParameters", "multiValueQueryStringParameters", "stageVariables", "body")
        assert [event[name] for name in absent] == [None] * 4
        assert (event["resource"], event["path"]) == ("/orders/{id}", "/dev/orders/7")
        assert event["requestContext"]["resourceId"] == "GET /orders/{id}"
        assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"

    @pytest.mark.parametrize(
        ("kind", "is_text"),
        [
            ("text/csv; charset=utf-8", True),
            ("Application/JSON", True),
            ("application/xml", True),
            ("application/x-www-form-urlencoded", False),
            ("image/png", False),
            ("", False),
        ],
    )
    def test_text_is_text_and_everything_else_base64(self, kind: str, is_text: bool) -> None:
        request = exchange(body="é".encode(), headers=[("content-type", kind)] if kind else [])
        event = function_event.version_2(request)
        assert event["isBase64Encoded"] is not is_text
        expected = "é" if is_text else base64.b64encode("é".encode()).decode()
        assert event["body"] == expected == function_event.version_1(request)["body"]

    def test_the_caller_is_where_each_format_has_it(self) -> None:
        jwt = {"jwt": {"claims": {"sub": "ana"}, "scopes": None}}
        assert function_event.version_2(exchange(authorizer=jwt))["requestContext"]["authorizer"] == jwt
        assert (
            function_event.version_1(exchange(authorizer=jwt))["requestContext"]["authorizer"] == jwt["jwt"]
        )
        context = {"lambda": {"who": "ana"}}
        old = function_event.version_1(exchange(authorizer=context))["requestContext"]["authorizer"]
        assert old == {"who": "ana"}
        iam = {"iam": {"accessKey": "AKIA", "userArn": "arn:u", "callerId": "c"}}
        identity = function_event.version_1(exchange(authorizer=iam))["requestContext"]["identity"]
        assert (identity["accessKey"], identity["userArn"], identity["caller"]) == ("AKIA", "arn:u", "c")

    def test_claims_are_strings(self) -> None:
        claims = {"groups": ["a", "b"], "n": 1, "admin": True, "sub": "ana"}
        expected = {"groups": "[a b]", "n": "1", "admin": "true", "sub": "ana"}
        assert function_event.claims(claims) == expected


class TestAnswers:
    @pytest.mark.parametrize(
        ("payload", "body"), [("hello", b"hello"), ({"n": 1}, b'{"n":1}'), (None, b"null"), ([1], b"[1]")]
    )
    def test_format_2_makes_an_answer_of_anything(self, payload: Any, body: bytes) -> None:
        answer = response.read(payload, "2.0")
        assert answer == HttpAnswer(200, [("content-type", "application/json")], body)
        with pytest.raises(MalformedResponse):
            response.read(payload, "1.0")

    def test_cookies_become_headers_in_format_2_only(self) -> None:
        payload = {"statusCode": "201", "cookies": ["a=1", "b=2"], "headers": {"Content-Type": "a/b", "X": 3}}
        answer = response.read(payload, "2.0")
        assert answer.status == 201
        assert answer.headers == [
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("content-type", "a/b"),
            ("x", "3"),
        ]
        assert response.read(payload, "1.0").headers == [("content-type", "a/b"), ("x", "3")]

    def test_several_values_replace_the_single_one_in_format_1_only(self) -> None:
        payload = {"statusCode": 200, "headers": {"X-A": "0"}, "multiValueHeaders": {"x-a": ["1", "2"]}}
        assert response.read(payload, "1.0").headers[:2] == [("x-a", "1"), ("x-a", "2")]
        assert ("x-a", "0") not in response.read(payload, "1.0").headers
        assert ("x-a", "0") in response.read(payload, "2.0").headers

    def test_without_a_content_type_it_is_text(self) -> None:
        answer = response.read({"statusCode": 200}, "2.0")
        assert answer == HttpAnswer(200, [("content-type", "text/plain;charset=UTF-8")], b"")

    def test_a_base64_body_is_decoded(self) -> None:
        payload = {"statusCode": 200, "body": base64.b64encode(b"\xff").decode(), "isBase64Encoded": True}
        assert response.read(payload, "2.0").body == b"\xff"

    @pytest.mark.parametrize(
        "payload",
        [
            {"statusCode": 99},
            {"statusCode": 600},
            {"statusCode": 200.5},
            {"statusCode": True},
            {"statusCode": None},
            {"statusCode": 200, "body": 1},
            {"statusCode": 200, "headers": ["x"]},
            {"statusCode": 200, "headers": {"x": {"no": "text"}}},
            {"statusCode": 200, "cookies": "a=1"},
            {"statusCode": 200, "body": "ä", "isBase64Encoded": True},
        ],
    )
    def test_what_is_no_answer(self, payload: Any) -> None:
        with pytest.raises(MalformedResponse):
            response.read(payload, "2.0")

    def test_format_1_wants_lists_of_values(self) -> None:
        with pytest.raises(MalformedResponse):
            response.read({"statusCode": 200, "multiValueHeaders": {"x": "1"}}, "1.0")


class TestCors:
    SHOP = "https://shop.example"
    SETTINGS: dict[str, Any] = {"allowOrigins": [SHOP, "https://*.example.org"], "maxAge": 0}  # noqa: RUF012

    def preflight(self, settings: dict[str, Any], origin: str, method: str = "OPTIONS") -> Any:
        headers = [("origin", origin), ("access-control-request-method", "PUT")]
        return cors.preflight(settings, exchange(method=method, headers=headers))

    def test_an_allowed_origin_is_repeated_and_varied_by(self) -> None:
        for origin in (self.SHOP, "https://A.example.org"):
            answer = self.preflight(self.SETTINGS, origin)
            expected = {
                "access-control-allow-origin": origin,
                "vary": "origin",
                "access-control-max-age": "0",
            }
            assert (answer.status, dict(answer.headers)) == (204, expected)

    def test_every_origin_is_a_star(self) -> None:
        answer = self.preflight({"allowOrigins": ["*"]}, "https://any.example")
        assert answer.headers == [("access-control-allow-origin", "*")]

    def test_a_foreign_origin_gets_no_header(self) -> None:
        assert self.preflight(self.SETTINGS, "https://evil.example").headers == []

    def test_what_is_no_preflight_request(self) -> None:
        assert self.preflight(self.SETTINGS, self.SHOP, method="GET") is None
        for name in ("origin", "access-control-request-method"):
            request = exchange(method="OPTIONS", headers=[(name, self.SHOP)])
            assert cors.preflight(self.SETTINGS, request) is None

    def test_the_integrations_own_headers_go_even_for_who_has_no_origin(self) -> None:
        answer = HttpAnswer(200, [("access-control-allow-origin", "*"), ("x-a", "1")])
        cors.decorate(self.SETTINGS, exchange(), answer)
        assert answer.headers == [("x-a", "1")]


POLICY = {"authorizerPayloadFormatVersion": "2.0"}
SIMPLE = {**POLICY, "enableSimpleResponses": True}


def statement(effect: str, resource: Any, action: Any = "execute-api:Invoke") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource}


class TestLambdaAuthorizers:
    @pytest.mark.parametrize(
        ("statements", "allowed"),
        [
            ([statement("Allow", ARN)], True),
            (statement("Allow", ARN), True),
            ([statement("Allow", "arn:aws:execute-api:*:*:abc/*/GET/*")], True),
            ([statement("Allow", [f"{ARN}/x", ARN], ["s3:*", "execute-api:*"])], True),
            ([statement("Allow", ARN, "EXECUTE-API:INVOKE")], True),
            ([statement("Allow", ARN), statement("Deny", "*")], False),
            ([statement("Allow", "arn:aws:execute-api:*:*:abc/*/POST/*")], False),
            ([statement("Allow", ARN, "execute-api:ManageConnections")], False),
            ([], False),
        ],
    )
    def test_a_policy_allows_or_does_not(self, statements: Any, allowed: bool) -> None:
        answer = {"principalId": "ana", "policyDocument": {"Statement": statements}}
        verdict = lambda_authorizer.read(POLICY, answer)
        assert verdict is not None and verdict.allows(ARN) is allowed
        assert verdict.context == {"principalId": "ana"}

    @pytest.mark.parametrize("allowed", [True, False])
    def test_a_simple_response_says_it_itself(self, allowed: bool) -> None:
        answer = {"isAuthorized": allowed, "context": {"tier": "gold"}}
        assert lambda_authorizer.read(SIMPLE, answer) == Verdict(allowed, {}, {"tier": "gold"})

    @pytest.mark.parametrize(
        ("settings", "answer"),
        [
            (SIMPLE, "yes"),
            (SIMPLE, {"isAuthorized": "false"}),
            (SIMPLE, {"isAuthorized": True, "context": ["x"]}),
            (SIMPLE, {"principalId": "ana", "policyDocument": {}}),
            (POLICY, {"isAuthorized": True}),
            (POLICY, {"policyDocument": {"Statement": []}}),
        ],
    )
    def test_what_is_no_verdict(self, settings: dict[str, Any], answer: Any) -> None:
        assert lambda_authorizer.read(settings, answer) is None

    def test_identity_sources_are_read_where_they_are(self) -> None:
        request = exchange(
            headers=[("authorization", "t")], query=[("a", "1"), ("a", "2")], stage_variables={"v": "blue"}
        )
        sources = ["$request.header.Authorization", "$request.querystring.a", "$stageVariables.v"]
        settings = {"identitySource": [*sources, "$context.routeKey"]}
        assert lambda_authorizer.identity(settings, request) == ["t", "1,2", "blue", "GET /orders/{id}"]
        assert lambda_authorizer.identity({"identitySource": ["$request.header.x"]}, request) is None
        assert lambda_authorizer.identity({}, request) == []

    def test_the_function_is_asked_in_its_format_and_without_the_body(self) -> None:
        request = exchange(body=b"secret", headers=[("content-type", "text/plain")])
        new = lambda_authorizer.event(POLICY, request, ["t"], ARN)
        assert (new["version"], new["routeArn"], new["identitySource"]) == ("2.0", ARN, ["t"])
        old_format = {"authorizerPayloadFormatVersion": "1.0"}
        old = lambda_authorizer.event(old_format, request, ["t", "u"], ARN)
        assert (old["version"], old["methodArn"], old["authorizationToken"]) == ("1.0", ARN, "t,u")
        for event in (new, old):
            assert event["type"] == "REQUEST" and not {"body", "isBase64Encoded"} & event.keys()

    def test_a_verdict_is_kept_for_its_time(self) -> None:
        now = [0.0]
        cache = VerdictCache(clock=lambda: now[0])
        cache.keep("k", Verdict(True, {}, {}), seconds=300)
        now[0] = 299.9
        assert cache.get("k") is not None and cache.get("other") is None
        now[0] = 300.0
        assert cache.get("k") is None

    def test_the_oldest_verdict_makes_room(self) -> None:
        cache = VerdictCache(clock=lambda: 0.0)
        for number in range(lambda_authorizer.MOST_CACHED + 1):
            cache.keep(number, Verdict(True, {}, {}), seconds=1)
        assert (cache.get(0), cache.get(1)) == (None, Verdict(True, {}, {}))

    def test_without_an_identity_source_nothing_is_kept(self) -> None:
        assert lambda_authorizer.ttl_seconds({"authorizerResultTtlInSeconds": 300}) == 0
        settings = {"authorizerResultTtlInSeconds": 300, "identitySource": ["$request.header.a"]}
        assert lambda_authorizer.ttl_seconds(settings) == 300


def test_a_log_has_what_is_known_of_a_caller() -> None:
    answer = HttpAnswer(429, [], b"{}")
    jwt = exchange(authorizer={"jwt": {"claims": {"sub": "ana"}}}, error="Too Many Requests")
    variables = log_variables.variables(jwt, answer, 12.6)
    assert variables["authorizer.claims.sub"] == "ana"
    assert variables["error.messageString"] == '"Too Many Requests"'
    assert (variables["responseLatency"], variables["integrationLatency"]) == (13, None)
    assert (variables["path"], variables["requestTimeEpoch"]) == ("/dev/orders/7", 1_700_000_000)
    context = exchange(authorizer={"lambda": {"tier": "gold"}}, integration_ms=4.4)
    assert log_variables.variables(context, answer, 5)["authorizer.tier"] == "gold"
    assert log_variables.variables(context, answer, 5)["integrationLatency"] == 4


FUNCTION = {"authorizerType": "REQUEST", "authorizerUri": "arn:f", "authorizerPayloadFormatVersion": "2.0"}
TOKEN = {"authorizerType": "JWT", "jwtConfiguration": {"issuer": "https://i.example", "audience": ["me"]}}


@pytest.mark.parametrize("ttl_seconds", [None, 0, 3600])
def test_authorizers_that_can_be(ttl_seconds: int | None) -> None:
    assert http_api.authorizer_problem(TOKEN) is None
    assert http_api.authorizer_problem(FUNCTION | {"authorizerResultTtlInSeconds": ttl_seconds}) is None


@pytest.mark.parametrize(
    ("authorizer", "word"),
    [
        ({"authorizerType": "TOKEN"}, "types"),
        (TOKEN | {"jwtConfiguration": {"audience": ["me"]}}, "Issuer"),
        (TOKEN | {"jwtConfiguration": {"issuer": "https://i.example", "audience": []}}, "Audience"),
        (FUNCTION | {"authorizerUri": ""}, "AuthorizerUri"),
        (FUNCTION | {"authorizerPayloadFormatVersion": "3.0"}, "PayloadFormatVersion"),
        (FUNCTION | {"authorizerResultTtlInSeconds": 3601}, "3600"),
        (FUNCTION | {"authorizerResultTtlInSeconds": -1}, "3600"),
    ],
)
def test_authorizers_that_cannot_be(authorizer: dict[str, Any], word: str) -> None:
    refusal = http_api.authorizer_problem(authorizer)
    assert refusal is not None and refusal.code == "BadRequestException" and word in refusal.message
