"""The parts of REST APIs that know nothing of MiniStack, without a cloud."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from labsupport.localcloud.api_gateway.rest import (
    deployments,
    openapi_export,
    openapi_import,
    proxy_response,
    response_cache,
    rules,
    usage_plan_patch,
)
from labsupport.localcloud.api_gateway.rest.deployments import Deployments
from labsupport.localcloud.api_gateway.rest.execution_log import MOST_CHARACTERS, ExecutionLog
from labsupport.localcloud.api_gateway.rest.response_cache import MOST_BYTES, ResponseCache
from labsupport.localcloud.api_gateway.rest.usage_ledger import UsageLedger, first_day

API = ("123456789012", "us-east-1", "abc")
STAGE = (*API, "test")
OK = (200, {}, b"body")


class TestDeployments:
    def test_a_snapshot_does_not_change_with_what_it_was_taken_of(self) -> None:
        records = {"_resources": {"r": {"path": "/"}}}
        deployments = Deployments()
        deployments.take(API, "d", records)
        records["_resources"]["r"]["path"] = "/changed"
        found = deployments.find(API, "d")
        assert found is not None and found["_resources"]["r"]["path"] == "/"

    def test_what_is_saved_comes_back(self) -> None:
        deployments, later = Deployments(), Deployments()
        deployments.take(API, "d", {"_models": {"a": 1}})
        later.restore(deployments.state())
        assert later.find(API, "d") == {"_models": {"a": 1}}
        later.delete(API, "d")
        assert later.find(API, "d") is None
        assert deployments.find(API, "d") is not None

    def test_problems(self) -> None:
        method: dict[str, Any] = {"resourceMethods": {"GET": {"methodIntegration": None}}}
        assert deployments.problem([{}]) == deployments.NO_METHODS
        assert deployments.problem([method]) == deployments.NO_INTEGRATION
        method["resourceMethods"]["GET"]["methodIntegration"] = {"type": "MOCK"}
        assert deployments.problem([method]) is None


class TestProxyResponse:
    @staticmethod
    def read(answer: Any, *, decodes: bool = False) -> proxy_response.ProxyResponse:
        return proxy_response.read(answer, decodes=lambda _headers: decodes)

    def test_every_key_may_be_missing(self) -> None:
        read = self.read({})
        assert (read.status, read.headers, read.body) == (200, {"Content-Type": "application/json"}, b"")

    def test_values_of_both_maps_are_merged_and_names_have_no_case(self) -> None:
        read = self.read(
            {
                "headers": {"content-type": "text/plain", "X-A": 1, "X-B": True},
                "multiValueHeaders": {"x-a": ["2", "3"]},
            }
        )
        assert read.headers == {"content-type": "text/plain", "X-B": "true", "x-a": ["2", "3"]}

    def test_base64_is_decoded_only_for_who_takes_binary(self) -> None:
        answer = {"body": "AAE=", "isBase64Encoded": True}
        assert self.read(answer, decodes=True).body == b"\0\1"
        assert self.read(answer).body == b"AAE="

    @pytest.mark.parametrize(
        "answer",
        [
            *(None, "text", 1, [], {"other": 1}, {"statusCode": "abc"}, {"statusCode": 99}, {"body": {}}),
            *(
                {"statusCode": True},
                {"headers": []},
                {"headers": {"a": {}}},
                {"multiValueHeaders": {"a": "b"}},
            ),
        ],
    )
    def test_anything_else_is_malformed(self, answer: Any) -> None:
        with pytest.raises(proxy_response.MalformedResponse):
            self.read(answer)

    def test_a_body_that_claims_to_be_base64_and_is_not_is_malformed(self) -> None:
        with pytest.raises(proxy_response.MalformedResponse):
            self.read({"body": "***", "isBase64Encoded": True}, decodes=True)
        with pytest.raises(proxy_response.MalformedResponse):
            self.read({"body": "\u00e4", "isBase64Encoded": True}, decodes=True)


class TestResponseCache:
    def test_a_response_lives_for_its_ttl(self) -> None:
        now = 0.0
        cache = ResponseCache(clock=lambda: now)
        cache.put(STAGE, ("a",), OK, 300)
        now = 299.9
        assert cache.get(STAGE, ("a",)) == OK
        now = 300.0
        assert cache.get(STAGE, ("a",)) is None

    @pytest.mark.parametrize(
        ("response", "ttl"), [(OK, 0), ((500, {}, b""), 300), ((200, {}, bytes(MOST_BYTES + 1)), 300)]
    )
    def test_what_is_not_kept(self, response: response_cache.Response, ttl: float) -> None:
        cache = ResponseCache()
        cache.put(STAGE, ("a",), response, ttl)
        assert cache.get(STAGE, ("a",)) is None

    def test_one_megabyte_is_kept_and_a_flush_is_of_one_stage(self) -> None:
        cache = ResponseCache()
        for stage in (STAGE, (*API, "other")):
            cache.put(stage, ("a",), (200, {}, bytes(MOST_BYTES)), 1)
        cache.flush(STAGE)
        assert cache.get(STAGE, ("a",)) is None
        assert cache.get((*API, "other"), ("a",)) is not None

    def test_only_named_parameters_are_in_the_key(self) -> None:
        def key(parameters: list[str], **request: Any) -> response_cache.Key:
            found: dict[str, Any] = {"path": {}, "query": {}, "headers": {}, **request}
            integration = {"cacheNamespace": "n", "cacheKeyParameters": parameters}
            return response_cache.key_of(integration, "/a/{id}", "GET", **found)

        query = "method.request.querystring.q"
        assert key([]) == key([], query={"q": ["1"]}, path={"id": "1"})
        assert key([query], query={"q": ["1"]}) != key([query], query={"q": ["2"]})
        header = "method.request.header.X-A"
        assert key([header], headers={"x-a": "1"}) != key([header], headers={"x-a": "2"})
        assert key(["method.request.path.id"], path={"id": "1"}) != key(["method.request.path.id"])

    def test_who_asks_for_a_new_response(self) -> None:
        assert response_cache.asks_for_a_new_response({"cache-control": "no-store, max-age=0"})
        assert not response_cache.asks_for_a_new_response({"Cache-Control": "max-age=60"})


class TestUsage:
    DAY = datetime.date(2026, 11, 25)  # a Wednesday

    @pytest.mark.parametrize(
        ("period", "first"), [("DAY", "2026-11-25"), ("WEEK", "2026-11-22"), ("MONTH", "2026-11-01")]
    )
    def test_where_a_period_begins(self, period: str, first: str) -> None:
        assert str(first_day(self.DAY, period)) == first

    def test_a_quota_is_used_up_and_comes_back_with_the_next_period(self) -> None:
        today = self.DAY
        ledger = UsageLedger(today=lambda: today)
        quota = {"limit": 2, "period": "WEEK"}
        assert [ledger.take("p", "k", quota) for _ in range(3)] == [True, True, False]
        today = datetime.date(2026, 11, 28)
        assert not ledger.take("p", "k", quota)
        today = datetime.date(2026, 11, 29)
        assert ledger.take("p", "k", quota)
        assert ledger.days("p", "k", quota, self.DAY, self.DAY) == [[2, 0]]
        assert ledger.days("p", "k", quota, today, today) == [[1, 1]]

    def test_what_is_given_counts_in_its_period_only(self) -> None:
        today = self.DAY
        ledger = UsageLedger(today=lambda: today)
        quota = {"limit": 1, "period": "DAY"}
        ledger.take("p", "k", quota)
        ledger.give("p", "k", quota, 2)
        assert ledger.remaining("p", "k", quota, today) == 2
        saved = UsageLedger(today=lambda: today)
        saved.restore(ledger.state())
        assert saved.remaining("p", "k", quota, today) == 2
        today = datetime.date(2026, 11, 26)
        assert ledger.remaining("p", "k", quota, today) == 1

    def test_a_plan_is_patched_as_aws_patches_it(self) -> None:
        plan = {"name": "a", "apiStages": [{"apiId": "x", "stage": "s"}]}

        def patched(op: str, path: str, value: str = "") -> dict[str, Any]:
            return usage_plan_patch.apply(plan, [{"op": op, "path": path, "value": value}])

        assert patched("replace", "/throttle/rateLimit", "5")["throttle"] == {"rateLimit": 5.0}
        assert patched("replace", "/quota/limit", "9")["quota"] == {"limit": 9}
        assert patched("remove", "/apiStages", "x:s")["apiStages"] == []
        assert {"apiId": "y", "stage": "t"} in patched("add", "/apiStages", "y:t")["apiStages"]
        throttled = patched("replace", "/apiStages/x:s/throttle/~1a~1b/GET/burstLimit", "3")
        assert throttled["apiStages"][0]["throttle"] == {"/a/b/GET": {"burstLimit": 3}}
        assert plan["apiStages"] == [{"apiId": "x", "stage": "s"}]
        for path, value in (("/quota/limit", "many"), ("/nothing", ""), ("/quota/period", "YEAR")):
            with pytest.raises(usage_plan_patch.PatchError):
                patched("replace", path, value)


class TestExecutionLog:
    def test_levels(self) -> None:
        log = ExecutionLog()
        log.say("step")
        log.say("failure", is_error=True)
        log.data("body", b"secret")
        assert log.messages("id", level="OFF", data_trace=True) == []
        assert log.messages("id", level="ERROR", data_trace=True) == ["(id) failure"]
        assert log.messages("id", level="INFO", data_trace=False) == ["(id) step", "(id) failure"]
        assert log.messages("id", level="INFO", data_trace=True)[-1] == "(id) body: secret"

    def test_a_long_event_is_cut(self) -> None:
        log = ExecutionLog()
        log.data("body", "x" * (MOST_CHARACTERS + 1))
        assert log.messages("id", level="INFO", data_trace=True)[0].endswith("x [TRUNCATED]")


class TestRules:
    @pytest.mark.parametrize(
        ("timeout", "types", "refused"),
        [
            *((49, ["EDGE"], True), (50, ["EDGE"], False), (29_000, ["EDGE"], False)),
            *((29_001, ["EDGE"], True), (29_001, ["REGIONAL"], False), (60_000, ["PRIVATE"], False)),
            *((900_001, ["REGIONAL"], True), (None, ["EDGE"], False)),
        ],
    )
    def test_time_limits(self, timeout: int | None, types: list[str], refused: bool) -> None:
        assert (rules.timeout_problem(timeout, types) is not None) == refused

    @pytest.mark.parametrize(
        ("path", "value", "refused"),
        [
            *(("/*/*/logging/loglevel", "INFO", True), ("/*/*/logging/loglevel", "OFF", False)),
            *(("/accessLogSettings/destinationArn", "arn", True), ("/*/*/caching/ttlInSeconds", "0", False)),
            *(("/*/*/caching/ttlInSeconds", "3600", False), ("/*/*/caching/ttlInSeconds", "3601", True)),
            *(("/cacheClusterSize", "1.6", False), ("/cacheClusterSize", "1", True)),
        ],
    )
    def test_stage_settings(self, path: str, value: str, refused: bool) -> None:
        problem = rules.stage_problem([{"path": path, "value": value}], has_log_role=False)
        assert (problem is not None) == refused


class TestOpenApi:
    def test_references_of_parameters_and_bodies_are_followed(self) -> None:
        plan = openapi_import.read(
            {
                "openapi": "3.0.1",
                "paths": {
                    "/a": {
                        "x-amazon-apigateway-any-method": {
                            "parameters": [{"$ref": "#/components/parameters/Q"}],
                            "requestBody": {"$ref": "#/components/requestBodies/B"},
                            "responses": {"200": {"$ref": "#/components/responses/R"}, "default": {}},
                        }
                    }
                },
                "components": {
                    "parameters": {"Q": {"name": "q", "in": "query", "required": True}},
                    "requestBodies": {"B": {"content": {"application/json": {"schema": {"type": "object"}}}}},
                    "responses": {"R": {"headers": {"X-A": {"schema": {"type": "string"}}}}},
                },
            }
        )
        (operation,) = plan.operations
        assert operation.http_method == "ANY"
        assert operation.method["requestParameters"] == {"method.request.querystring.q": True}
        (model,) = operation.method["requestModels"].values()
        assert plan.models[model] == {"type": "object"}
        assert operation.responses == {
            "200": {"responseModels": {}, "responseParameters": {"method.response.header.X-A": False}}
        }

    def test_swagger_2_is_read_too(self) -> None:
        body = {"name": "body", "in": "body", "schema": {"$ref": "#/definitions/M"}}
        response = {"schema": {"$ref": "#/definitions/M"}}
        plan = openapi_import.read(
            {
                "swagger": "2.0",
                "paths": {"/a": {"post": {"parameters": [body], "responses": {"200": response}}}},
                "definitions": {"M": {"type": "object"}},
            }
        )
        assert plan.operations[0].method["requestModels"] == {"application/json": "M"}
        assert plan.operations[0].responses["200"]["responseModels"] == {"application/json": "M"}

    @pytest.mark.parametrize("document", [None, "text", {}, {"info": {}}])
    def test_what_is_no_document(self, document: Any) -> None:
        with pytest.raises(openapi_import.ImportProblem, match="Invalid OpenAPI input"):
            openapi_import.read(document)

    def test_a_path_parameter_is_declared_and_a_pool_is_named(self) -> None:
        document = {
            "openapi": "3.0.1",
            "paths": {"/a/{id}": {"get": {}}},
            "components": {"schemas": {"Empty": {}, "M": {"$schema": "x", "type": "object"}}},
        }
        method = {
            "authorizationType": "COGNITO_USER_POOLS",
            "authorizerId": "z",
            "authorizationScopes": ["s"],
        }
        whole = openapi_export.complete(
            document,
            resources={"r": {"path": "/a/{id}", "resourceMethods": {"GET": method}}},
            validators={},
            authorizers={"z": {"name": "pool", "providerARNs": ["arn"]}},
            extended=False,
            with_authorizers=True,
        )
        operation = whole["paths"]["/a/{id}"]["get"]
        assert operation["parameters"][0] == {
            "name": "id",
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
        }
        assert operation["security"] == [{"pool": ["s"]}]
        scheme = whole["components"]["securitySchemes"]["pool"]
        assert scheme["x-amazon-apigateway-authorizer"]["providerARNs"] == ["arn"]
        assert whole["components"]["schemas"] == {"M": {"type": "object"}}
