"""Make and change REST APIs from OpenAPI documents, with MiniStack's own operations."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.api_gateway.rest import openapi_export, openapi_import
from labsupport.localcloud.api_gateway.rest.openapi_import import ApiPlan, ImportProblem, Operation
from labsupport.localcloud.ministack.seams import replace

Answer = Any


class RestOpenApiSeam:
    """ImportRestApi, PutRestApi, and what GetExport leaves out."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.services import apigateway_v1

        self._v1: Any = apigateway_v1
        self._yaml: Any = apigateway_v1.yaml  # what MiniStack writes its exports with

    def attach(self) -> None:
        """Stand behind MiniStack's export."""
        replace(self._v1, "_build_api_export", self._completing)

    def create(self, body: bytes, query: dict[str, Any]) -> Answer:
        """Answer ImportRestApi."""
        try:
            document = self._document(body)
            plan = openapi_import.read(document)
        except ImportProblem as problem:
            return self._refused(problem)
        types = _first(query, "endpointConfigurationTypes")
        endpoint = {"endpointConfiguration": {"types": types.split(",")}} if types else {}
        status, headers, made = self._v1._create_rest_api({"name": "imported", **plan.api, **endpoint})
        if status != 201:
            return status, headers, made
        api_id = json.loads(made)["id"]
        try:
            self._build(api_id, plan, document)
        except ImportProblem as problem:
            self._v1._delete_rest_api(api_id)
            return self._refused(problem)
        return self._v1._v1_response(self._v1._rest_api_view(self._v1._rest_apis[api_id]), 201)

    def put(self, api_id: str, body: bytes, query: dict[str, Any]) -> Answer:
        """Answer PutRestApi: everything anew (overwrite), or on top of what is there (merge)."""
        if api_id not in self._v1._rest_apis:
            return self._v1._get_rest_api(api_id)
        try:
            document = self._document(body)
            plan = openapi_import.read(document)
            if _first(query, "mode") != "merge":
                self._clear(api_id)
            self._v1._rest_apis[api_id].update(plan.api)
            self._build(api_id, plan, document)
        except ImportProblem as problem:
            return self._refused(problem)
        return self._v1._get_rest_api(api_id)

    def _document(self, body: bytes) -> Any:
        try:
            return self._yaml.safe_load(body)  # JSON is YAML, too
        except (self._yaml.YAMLError, UnicodeDecodeError) as error:
            raise ImportProblem("Invalid OpenAPI input.") from error

    def _clear(self, api_id: str) -> None:
        resources = self._v1._resources[api_id]
        root = next(one for one in resources.values() if one["path"] == "/")
        root["resourceMethods"] = {}
        self._v1._resources[api_id] = {root["id"]: root}
        for store in ("_models", "_request_validators", "_authorizers_v1", "_gateway_responses"):
            getattr(self._v1, store)[api_id] = {}

    def _build(self, api_id: str, plan: ApiPlan, document: dict[str, Any]) -> None:
        v1 = self._v1
        for name, schema in plan.models.items():
            text = openapi_import.model_schema(schema, api_id)
            _done(v1._create_model(api_id, {"name": name, "schema": text, "contentType": "application/json"}))
        validators = {
            name: _done(v1._create_request_validator(api_id, {"name": name, **settings}))["id"]
            for name, settings in plan.validators.items()
        }
        schemes = v1._import_security_schemes(api_id, document)
        for kind, response in plan.gateway_responses.items():
            _done(v1._put_gateway_response(api_id, kind, response))
        for operation in plan.operations:
            self._build_method(api_id, operation, validators, schemes)

    def _build_method(
        self, api_id: str, operation: Operation, validators: dict[str, str], schemes: dict[str, Any]
    ) -> None:
        v1 = self._v1
        place = api_id, self._resource(api_id, operation.path), operation.http_method
        security = v1._method_security(operation.security, schemes)
        validator = {"requestValidatorId": validators[operation.validator]} if operation.validator else {}
        _done(v1._put_method(*place, {**operation.method, **security, **validator}))
        for code, response in operation.responses.items():
            _done(v1._put_method_response(*place, code, response))
        if operation.integration is None:
            return
        _done(v1._put_integration(*place, operation.integration))
        for code, response in operation.integration_responses.items():
            _done(v1._put_integration_response(*place, code, response))

    def _resource(self, api_id: str, path: str) -> str:
        resources = self._v1._resources[api_id]
        parent = next(one["id"] for one in resources.values() if one["path"] == "/")
        for part in filter(None, path.split("/")):
            found = (r["id"] for r in resources.values() if (r["parentId"], r["pathPart"]) == (parent, part))
            child = next(found, None)
            parent = child or _done(self._v1._create_resource(api_id, parent, {"pathPart": part}))["id"]
        return str(parent)

    def _completing(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def build(
            api_id: str, stage_name: str, export_type: str, integrations: bool, authorizers: bool
        ) -> Answer:
            return openapi_export.complete(
                original(api_id, stage_name, export_type, integrations, authorizers),
                resources=self._v1._resources.get(api_id, {}),
                validators=self._v1._request_validators.get(api_id, {}),
                authorizers=self._v1._authorizers_v1.get(api_id, {}),
                extended=integrations,
                with_authorizers=authorizers,
            )

        return build

    def _refused(self, problem: ImportProblem) -> Answer:
        return self._v1._v1_error("BadRequestException", str(problem), 400)


def _done(answer: Answer) -> Any:
    """Return what an operation made.

    Raises:
        ImportProblem: it was refused.
    """
    status, _headers, body = answer
    said = json.loads(body) if body else {}
    if status >= 400:
        raise ImportProblem(f"Unable to import: {said.get('message', 'an operation was refused')}")
    return said


def _first(query: dict[str, Any], name: str) -> str:
    value = query.get(name) or ""
    return str(value[0] if isinstance(value, list) else value)
