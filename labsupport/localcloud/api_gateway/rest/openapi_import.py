"""What ImportRestApi and PutRestApi read in an OpenAPI document: 3.0, or Swagger 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

EXTENSION = "x-amazon-apigateway-"
METHODS = ("get", "post", "put", "delete", "patch", "head", "options")
ANY_METHOD = EXTENSION + "any-method"
LOCATIONS = {"path": "path", "query": "querystring", "header": "header"}
MODEL_ADDRESS = "https://apigateway.amazonaws.com/restapis/{api_id}/models/{name}"
INTEGRATION = (
    *("uri", "httpMethod", "credentials", "passthroughBehavior", "requestTemplates", "requestParameters"),
    *("timeoutInMillis", "cacheNamespace", "cacheKeyParameters", "contentHandling", "connectionType"),
    "connectionId",
)


class ImportProblem(ValueError):
    """The document can't be imported. The text is for whoever wrote it."""


@dataclass(frozen=True)
class Operation:
    """One method, in the words of PutMethod, PutMethodResponse, PutIntegration and PutIntegrationResponse."""

    path: str
    http_method: str
    security: list[Any] | None
    validator: str | None
    method: dict[str, Any]
    responses: dict[str, dict[str, Any]]
    integration: dict[str, Any] | None
    integration_responses: dict[str, dict[str, Any]]


@dataclass
class ApiPlan:
    """What a document says of an API, in the words of API Gateway's own operations."""

    api: dict[str, Any]
    validators: dict[str, dict[str, Any]]
    gateway_responses: dict[str, dict[str, Any]]
    models: dict[str, Any] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)


def read(document: Any) -> ApiPlan:
    """Return what a document says.

    Raises:
        ImportProblem: it is no OpenAPI document, or refers to something that it doesn't have.
    """
    if not isinstance(document, dict) or not ("openapi" in document or "swagger" in document):
        raise ImportProblem("Invalid OpenAPI input.")
    return _Reader(document).plan()


def model_schema(schema: Any, api_id: str) -> str:
    """Return a model's schema as it is stored: references name models of the API."""
    return json.dumps(_with_references(schema, lambda name: MODEL_ADDRESS.format(api_id=api_id, name=name)))


class _Reader:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        components = document.get("components") or {}
        self._schemas = components.get("schemas") or document.get("definitions") or {}
        self._default_validator = document.get(EXTENSION + "request-validator")
        self._plan = ApiPlan(
            api=_api(document),
            validators=dict(document.get(EXTENSION + "request-validators") or {}),
            gateway_responses=dict(document.get(EXTENSION + "gateway-responses") or {}),
            models=dict(self._schemas),
        )

    def plan(self) -> ApiPlan:
        for path, item in (self._document.get("paths") or {}).items():
            shared = item.get("parameters") or []
            for key, operation in item.items():
                if key.lower() in METHODS or key == ANY_METHOD:
                    method = "ANY" if key == ANY_METHOD else key.upper()
                    self._plan.operations.append(self._operation(path, method, operation, shared))
        return self._plan

    def _operation(self, path: str, method: str, operation: dict[str, Any], shared: list[Any]) -> Operation:
        parameters = [self._resolved(one) for one in [*shared, *(operation.get("parameters") or [])]]
        validator = operation.get(EXTENSION + "request-validator", self._default_validator)
        if validator is not None and validator not in self._plan.validators:
            raise ImportProblem(f"The request validator {validator!r} of {method} {path} is not defined.")
        integration = operation.get(EXTENSION + "integration")
        return Operation(
            path=path,
            http_method=method,
            security=operation.get("security", self._document.get("security")),
            validator=validator,
            method={
                "operationName": operation.get("operationId", ""),
                "requestParameters": dict(_request_parameters(parameters)),
                "requestModels": dict(self._request_models(operation, parameters)),
            },
            responses={
                str(code): self._response(self._resolved(response), operation)
                for code, response in (operation.get("responses") or {}).items()
                if str(code).isdigit()
            },
            integration=_integration(integration) if integration else None,
            integration_responses=dict(_integration_responses(integration or {})),
        )

    def _request_models(
        self, operation: dict[str, Any], parameters: list[dict[str, Any]]
    ) -> Iterator[tuple[str, str]]:
        body = self._resolved(operation.get("requestBody") or {})
        for content_type, media in (body.get("content") or {}).items():
            if media.get("schema"):
                yield content_type, self._model_name(media["schema"])
        for parameter in parameters:
            if parameter.get("in") == "body" and parameter.get("schema"):
                for content_type in operation.get("consumes") or ["application/json"]:
                    yield content_type, self._model_name(parameter["schema"])

    def _response(self, response: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
        schemas = {
            content_type: media.get("schema")
            for content_type, media in (response.get("content") or {}).items()
        }
        if response.get("schema"):
            types = operation.get("produces") or ["application/json"]
            schemas = dict.fromkeys(types, response["schema"])
        return {
            "responseModels": {kind: self._model_name(schema) for kind, schema in schemas.items() if schema},
            "responseParameters": {
                f"method.response.header.{name}": bool((header or {}).get("required"))
                for name, header in (response.get("headers") or {}).items()
            },
        }

    def _model_name(self, schema: dict[str, Any]) -> str:
        """Return the model that a schema refers to, or a new one for a schema that stands in its place."""
        reference = schema.get("$ref")
        if reference:
            name = str(reference).rsplit("/", 1)[-1]
            if name not in self._schemas:
                raise ImportProblem(f"The schema {reference} is not defined.")
            return name
        name = "MODEL" + hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()[:6]
        self._plan.models.setdefault(name, schema)
        return name

    def _resolved(self, found: Any) -> dict[str, Any]:
        while isinstance(found, dict) and str(found.get("$ref", "")).startswith("#/"):
            reference, found = found["$ref"], self._document
            for part in reference[2:].split("/"):
                found = (
                    found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
                )
            if found is None:
                raise ImportProblem(f"{reference} is not defined.")
        return found if isinstance(found, dict) else {}


def _api(document: Mapping[str, Any]) -> dict[str, Any]:
    info = document.get("info") or {}
    policy = document.get(EXTENSION + "policy")
    said = {
        "name": info.get("title"),
        "description": info.get("description"),
        "version": info.get("version"),
        "binaryMediaTypes": document.get(EXTENSION + "binary-media-types"),
        "apiKeySource": document.get(EXTENSION + "api-key-source"),
        "minimumCompressionSize": document.get(EXTENSION + "minimum-compression-size"),
        "policy": json.dumps(policy) if policy else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _request_parameters(parameters: list[dict[str, Any]]) -> Iterator[tuple[str, bool]]:
    for parameter in parameters:
        location = LOCATIONS.get(parameter.get("in", ""))
        if location:
            yield f"method.request.{location}.{parameter['name']}", bool(parameter.get("required"))


def _integration(extension: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: extension[name] for name in INTEGRATION if extension.get(name) is not None}
    return {"type": str(extension.get("type", "")).upper(), **said}


def _integration_responses(extension: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for pattern, response in (extension.get("responses") or {}).items():
        names = ("responseTemplates", "responseParameters", "contentHandling")
        said = {name: response[name] for name in names if response.get(name)}
        if pattern != "default":
            said["selectionPattern"] = pattern
        yield str(response.get("statusCode", "200")), said


def _with_references(schema: Any, address: Any) -> Any:
    if isinstance(schema, list):
        return [_with_references(one, address) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: address(value.rsplit("/", 1)[-1])
        if key == "$ref" and isinstance(value, str) and value.startswith("#/")
        else _with_references(value, address)
        for key, value in schema.items()
    }
