"""Reading requests of the Lambda API by AWS's service model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labsupport.localcloud import lambda_api

FUNCTION = "/2015-03-31/functions/thumbnail"


def read(method: str, path: str, body: Any = None, **query: str) -> tuple[str, dict[str, Any]]:
    sent = b"" if body is None else json.dumps(body).encode()
    call = lambda_api.read(method, path, {"X-Amz-Invocation-Type": "Event"}, query, sent)
    assert call is not None
    return call.name, call.parameters


@pytest.mark.parametrize(
    ("request_line", "body", "query", "operation", "parameters"),
    [
        ("GET /2015-03-31/functions", None, {"MaxItems": "5"}, "ListFunctions", {"MaxItems": 5}),
        ("GET /2015-03-31/functions/", None, {}, "ListFunctions", {}),
        (f"PUT {FUNCTION}/code", {"DryRun": True, "Odd": 1}, {}, "UpdateFunctionCode", {"DryRun": True}),
        (f"PUT {FUNCTION}/configuration", {"Role": None}, {}, "UpdateFunctionConfiguration", {}),
        (f"PUT {FUNCTION}/aliases/live", None, {}, "UpdateAlias", {"Name": "live"}),
        ("GET /2018-10-31/layers", None, {}, "ListLayers", {}),
        (
            "GET /2018-10-31/layers",
            None,
            {"find": "LayerVersion", "Arn": "a"},
            "GetLayerVersionByArn",
            {"Arn": "a"},
        ),
    ],
)
def test_an_operation_and_its_parameters_are_found(
    request_line: str, body: Any, query: dict[str, str], operation: str, parameters: dict[str, Any]
) -> None:
    method, path = request_line.split()
    name, found = read(method, path, body, **query)
    found.pop("FunctionName", None)
    assert (name, found) == (operation, parameters)


def test_a_payload_is_not_read() -> None:
    call = lambda_api.read("POST", f"{FUNCTION}/invocations", {"X-Amz-Invocation-Type": "Event"}, {}, b"\x00")
    assert call is not None and call.name == "Invoke"
    expected = {"FunctionName": "thumbnail", "InvocationType": "Event", "Payload": b"\x00"}
    assert call.parameters == expected


def test_an_arn_in_the_path_is_decoded() -> None:
    _, parameters = read("GET", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af")
    assert parameters["FunctionName"] == "arn:aws:lambda:us-east-1:1:function:f"


def test_values_of_a_query_have_the_models_types() -> None:
    query = {"tagKeys": ["a", "b"]}
    call = lambda_api.read("DELETE", "/2017-03-31/tags/arn", {}, query, b"")
    assert call is not None and call.parameters["TagKeys"] == ["a", "b"]
    path = "/2025-12-01/functions/f/durable-executions"
    _, parameters = read("GET", path, None, Statuses="RUNNING", ReverseOrder="true")
    assert (parameters["Statuses"], parameters["ReverseOrder"]) == (["RUNNING"], True)


def test_what_is_no_operation_is_nothing() -> None:
    assert lambda_api.read("GET", "/2015-03-31/unknown", {}, {}, b"") is None
    assert lambda_api.read("PATCH", FUNCTION, {}, {}, b"") is None


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"x"'])
def test_a_body_that_is_no_json_object_is_an_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        lambda_api.read("POST", "/2015-03-31/functions", {}, {}, body)
