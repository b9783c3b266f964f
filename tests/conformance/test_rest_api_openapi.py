"""REST APIs from OpenAPI documents, and documents of REST APIs; and what a request validator refuses.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from tests.conformance.rest_apis import RestApi

pytestmark = pytest.mark.functional

MOCK = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": '{"id": "1"}'}}},
}
ORDER = {"$ref": "#/components/schemas/Order"}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "Orders", "version": "2.0"},
    "x-amazon-apigateway-request-validators": {
        "everything": {"validateRequestBody": True, "validateRequestParameters": True}
    },
    "x-amazon-apigateway-request-validator": "everything",
    "x-amazon-apigateway-binary-media-types": ["image/png"],
    "x-amazon-apigateway-gateway-responses": {
        "BAD_REQUEST_BODY": {
            "statusCode": "422",
            "responseTemplates": {"application/json": '{"why": "$context.error.validationErrorString"}'},
        }
    },
    "paths": {
        "/orders": {
            "post": {
                "operationId": "createOrder",
                "security": [{"api_key": []}],
                "requestBody": {"required": True, "content": {"application/json": {"schema": ORDER}}},
                "responses": {
                    "200": {"description": "made", "content": {"application/json": {"schema": ORDER}}}
                },
                "x-amazon-apigateway-integration": MOCK,
            }
        },
        "/orders/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                "parameters": [
                    {"name": "view", "in": "query", "required": True, "schema": {"type": "string"}},
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                ],
                "responses": {"200": {"description": "found"}},
                "x-amazon-apigateway-integration": {
                    **MOCK,
                    "timeoutInMillis": 1000,
                    "cacheKeyParameters": ["method.request.path.id"],
                },
            },
        },
    },
    "components": {
        "schemas": {
            "Order": {
                "type": "object",
                "required": ["lines"],
                "properties": {"lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}}},
            },
            "Line": {
                "type": "object",
                "required": ["count"],
                "properties": {"count": {"type": "integer", "minimum": 1}},
            },
        },
        "securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
    },
}


@pytest.fixture(scope="module")
def api(module_lab: Lab) -> Iterator[RestApi]:
    api = RestApi(module_lab, "openapi")
    api.client.put_rest_api(restApiId=api.id, mode="overwrite", body=json.dumps(DOCUMENT))
    api.deploy()
    yield api


def without_key(api: RestApi) -> dict[str, Any]:
    """Return the document without keys, so that validation is what answers."""
    document = copy.deepcopy(DOCUMENT)
    del document["paths"]["/orders"]["post"]["security"]
    del document["x-amazon-apigateway-gateway-responses"]
    document["info"]["title"] = api.name
    return document


def exported(api: RestApi, extensions: str = "apigateway") -> dict[str, Any]:
    shown = api.client.get_export(
        restApiId=api.id,
        stageName="test",
        exportType="oas30",
        parameters={"extensions": extensions} if extensions else {},
        accepts="application/json",
    )
    return dict(json.loads(shown["body"].read()))


def test_a_document_becomes_resources_models_and_validators(api: RestApi) -> None:
    client = api.client
    paths = {one["path"]: one for one in client.get_resources(restApiId=api.id)["items"]}
    assert set(paths) == {"/", "/orders", "/orders/{id}"}
    method = client.get_method(restApiId=api.id, resourceId=paths["/orders/{id}"]["id"], httpMethod="GET")
    assert method["requestParameters"] == {
        "method.request.path.id": True,
        "method.request.querystring.view": True,
        "method.request.header.X-Trace": False,
    }
    integration = method["methodIntegration"]
    assert (integration["timeoutInMillis"], integration["cacheKeyParameters"]) == (
        1000,
        ["method.request.path.id"],
    )
    post = client.get_method(restApiId=api.id, resourceId=paths["/orders"]["id"], httpMethod="POST")
    assert post["requestModels"] == {"application/json": "Order"}
    assert post["methodResponses"]["200"]["responseModels"] == {"application/json": "Order"}
    assert post["apiKeyRequired"]
    shown = client.get_rest_api(restApiId=api.id)
    assert (shown["name"], shown["binaryMediaTypes"]) == ("Orders", ["image/png"])


def test_an_imported_api_answers_and_wants_its_key(api: RestApi) -> None:
    assert api.call("/orders/1", params={"view": "all"}).json() == {"id": "1"}
    assert api.call("/orders", "POST", json={"lines": []}).status_code == 403


@pytest.mark.parametrize(
    "body",
    [b"", b"no JSON", b"{}", b'{"lines": 1}', b'{"lines": [{"count": 0}]}', b'{"lines": [{}]}'],
)
def test_a_body_that_is_not_of_its_model_is_a_400(validated: RestApi, body: bytes) -> None:
    answer = validated.call("/orders", "POST", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"message": "Invalid request body"})


def test_a_body_of_its_model_and_all_parameters_pass(validated: RestApi) -> None:
    assert validated.call("/orders", "POST", json={"lines": [{"count": 1}]}).status_code == 200
    assert validated.call("/orders/1", params={"view": "all"}).status_code == 200


def test_a_missing_parameter_is_a_400(validated: RestApi) -> None:
    answer = validated.call("/orders/1")
    assert answer.status_code == 400
    assert answer.json() == {"message": "Missing required request parameters: [view]"}


@pytest.fixture(scope="module")
def validated(module_lab: Lab) -> RestApi:
    api = RestApi(module_lab, "validated")
    api.client.put_rest_api(restApiId=api.id, mode="overwrite", body=json.dumps(without_key(api)))
    api.deploy()
    return api


def test_the_document_that_comes_out_is_what_went_in(api: RestApi) -> None:
    document = exported(api)
    post = document["paths"]["/orders"]["post"]
    assert post["operationId"] == "createOrder"
    assert post["security"] == [{"api_key": []}]
    assert post["requestBody"] == {"required": True, "content": {"application/json": {"schema": ORDER}}}
    assert post["responses"]["200"]["content"] == {"application/json": {"schema": ORDER}}
    assert document["components"]["schemas"] == DOCUMENT["components"]["schemas"]
    parameters = {one["name"]: one for one in document["paths"]["/orders/{id}"]["get"]["parameters"]}
    assert {name: (one["in"], one["required"]) for name, one in parameters.items()} == {
        "id": ("path", True),
        "view": ("query", True),
        "X-Trace": ("header", False),
    }
    assert document["components"]["securitySchemes"]["api_key"]["name"] == "x-api-key"
    validators = "x-amazon-apigateway-request-validators"
    assert document[validators] == DOCUMENT[validators]
    assert "x-amazon-apigateway-integration" not in json.dumps(exported(api, ""))


def test_an_export_can_be_imported_again(module_lab: Lab, api: RestApi) -> None:
    document = exported(api)
    made = api.client.import_rest_api(
        body=json.dumps(document), parameters={"endpointConfigurationTypes": "REGIONAL"}
    )
    try:
        assert made["endpointConfiguration"]["types"] == ["REGIONAL"]
        api.client.create_deployment(restApiId=made["id"], stageName="test")
        again = api.client.get_export(
            restApiId=made["id"],
            stageName="test",
            exportType="oas30",
            parameters={"extensions": "apigateway"},
        )
        parsed = json.loads(again["body"].read())
        assert parsed["paths"].keys() == document["paths"].keys()
        assert (
            parsed["paths"]["/orders"]["post"]["requestBody"]
            == document["paths"]["/orders"]["post"]["requestBody"]
        )
    finally:
        api.client.delete_rest_api(restApiId=made["id"])


def test_a_schemathesis_run_can_be_made_of_an_export(validated: RestApi) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    schema = schemathesis.openapi.from_dict(exported(validated, ""))
    operations = {found.ok().label for found in schema.get_all_operations()}
    assert operations == {"POST /orders", "GET /orders/{id}"}


def test_merging_keeps_what_is_there_and_overwriting_does_not(validated: RestApi) -> None:
    api = RestApi(validated.lab, "merged")
    api.mock("/kept")
    api.client.put_rest_api(restApiId=api.id, mode="merge", body=json.dumps(without_key(api)))

    def paths() -> set[str]:
        return {one["path"] for one in api.client.get_resources(restApiId=api.id)["items"]}

    assert paths() == {"/", "/kept", "/orders", "/orders/{id}"}
    api.client.put_rest_api(restApiId=api.id, mode="overwrite", body=json.dumps(without_key(api)))
    assert paths() == {"/", "/orders", "/orders/{id}"}


def test_a_document_that_is_none_is_refused_and_leaves_no_api(api: RestApi) -> None:
    before = len(api.client.get_rest_apis(limit=500)["items"])
    broken = copy.deepcopy(DOCUMENT)
    broken["components"]["schemas"] = {}
    for body in (b"no: document", b"{", json.dumps(broken).encode()):
        with pytest.raises(ClientError) as error:
            api.client.import_rest_api(body=body)
        assert error.value.response["Error"]["Code"] == "BadRequestException"
    assert len(api.client.get_rest_apis(limit=500)["items"]) == before


def test_what_is_exported_is_the_stage(validated: RestApi) -> None:
    validated.mock("/later")
    assert "/later" not in exported(validated)["paths"]
