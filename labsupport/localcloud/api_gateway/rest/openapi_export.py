"""What GetExport's document says of a stage, beyond paths and integrations.

A tool that reads the document must be able to call the API: every reference leads to a schema, path
parameters are declared, and each method says which credentials it wants and whether its body is checked.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-export-api.html
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from labsupport.localcloud.api_gateway.rest.openapi_import import ANY_METHOD, EXTENSION

MODEL_ADDRESS = re.compile(r"https://apigateway\.amazonaws\.com/restapis/[^/]+/models/(.+)")
# API Gateway makes these two with each REST API.
DEFAULT_MODELS = ("Empty", "Error")
SIGNATURE = "sigv4"
HEADER_KEY: dict[str, Any] = {"type": "apiKey", "name": "Authorization", "in": "header"}


def complete(
    document: Mapping[str, Any],
    *,
    resources: Mapping[str, Any],
    validators: Mapping[str, Any],
    authorizers: Mapping[str, Any],
    extended: bool,
    with_authorizers: bool,
) -> dict[str, Any]:
    """Return an exported document with everything in it.

    Args:
        document: paths, components (or definitions), security schemes of Lambda authorizers and API keys.
        resources, validators, authorizers: the stage's, by id.
        extended: whether API Gateway's extensions are wanted.
        with_authorizers: whether the authorizers' settings are wanted.
    """
    whole = copy.deepcopy(dict(document))
    place = "#/components/schemas/" if "openapi" in whole else "#/definitions/"
    schemas = whole["components"]["schemas"] if "openapi" in whole else whole["definitions"]
    used_validators: dict[str, Any] = {}
    for path, http_method, method in _methods(resources):
        operation = whole["paths"][path][ANY_METHOD if http_method == "ANY" else http_method.lower()]
        _add_path_parameters(operation, path, in_swagger="swagger" in whole)
        _add_security(whole, operation, method, authorizers, with_authorizers=with_authorizers)
        if validator := validators.get(method.get("requestValidatorId") or ""):
            used_validators[validator["name"]] = validator
            _add_validator(operation, validator, extended=extended)
    if extended and used_validators:
        whole[EXTENSION + "request-validators"] = {
            name: {key: validator[key] for key in ("validateRequestBody", "validateRequestParameters")}
            for name, validator in used_validators.items()
        }
    for name, schema in schemas.items():
        schemas[name] = _local(schema, place)
    _drop_unused_defaults(whole, schemas, place)
    return whole


def _methods(resources: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for resource in resources.values():
        for http_method, method in (resource.get("resourceMethods") or {}).items():
            yield resource["path"], http_method, method


def _add_path_parameters(operation: dict[str, Any], path: str, *, in_swagger: bool) -> None:
    declared = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
    kind: dict[str, Any] = {"type": "string"} if in_swagger else {"schema": {"type": "string"}}
    for name in re.findall(r"\{(\w+)\+?\}", path):
        if name not in declared:
            operation.setdefault("parameters", []).append(
                {"name": name, "in": "path", "required": True, **kind}
            )


def _add_validator(operation: dict[str, Any], validator: Mapping[str, Any], *, extended: bool) -> None:
    if validator["validateRequestBody"]:
        for body in [operation.get("requestBody"), *operation.get("parameters", [])]:
            if body is not None and body.get("in", "body") == "body":
                body["required"] = True
    if extended:
        operation[EXTENSION + "request-validator"] = validator["name"]


def _add_security(
    whole: dict[str, Any],
    operation: dict[str, Any],
    method: Mapping[str, Any],
    authorizers: Mapping[str, Any],
    *,
    with_authorizers: bool,
) -> None:
    """Add what MiniStack leaves out: Cognito user pools and IAM."""
    kind = method.get("authorizationType")
    if kind == "AWS_IAM":
        name, scheme = SIGNATURE, {**HEADER_KEY, EXTENSION + "authtype": "awsSigv4"}
    elif kind == "COGNITO_USER_POOLS" and (authorizer := authorizers.get(method.get("authorizerId") or "")):
        name, scheme = authorizer["name"], {**HEADER_KEY, EXTENSION + "authtype": "cognito_user_pools"}
        if with_authorizers:
            pools = {"type": "cognito_user_pools", "providerARNs": authorizer.get("providerARNs", [])}
            scheme[EXTENSION + "authorizer"] = pools
    else:
        return
    if "openapi" in whole:
        whole["components"].setdefault("securitySchemes", {})[name] = scheme
    else:
        whole.setdefault("securityDefinitions", {})[name] = scheme
    operation.setdefault("security", [{}])[0][name] = list(method.get("authorizationScopes") or [])


def _local(schema: Any, place: str) -> Any:
    """Return a schema whose references stay in the document. `$schema` has no place in OpenAPI 3.0."""
    if isinstance(schema, list):
        return [_local(one, place) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _reference(key, value, place) for key, value in schema.items() if key != "$schema"}


def _reference(key: str, value: Any, place: str) -> Any:
    found = MODEL_ADDRESS.fullmatch(value) if key == "$ref" and isinstance(value, str) else None
    return place + found[1] if found else _local(value, place)


def _drop_unused_defaults(whole: dict[str, Any], schemas: dict[str, Any], place: str) -> None:
    text = json.dumps(whole)
    for name in DEFAULT_MODELS:
        if f'"{place}{name}"' not in text:
            schemas.pop(name, None)
