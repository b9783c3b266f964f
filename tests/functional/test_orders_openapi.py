"""Requests that schemathesis makes up from the OpenAPI document: no 5xx, and nothing undocumented."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labsupport.orders import orders_openapi
from tests.functional.conftest import Orders

pytestmark = pytest.mark.functional

EXAMPLES = 12
OPERATIONS = [
    ("GET", "/orders"),
    ("POST", "/orders"),
    ("GET", "/orders/{order_id}"),
    ("PATCH", "/orders/{order_id}"),
]
CASES = [
    pytest.param(mode, *operation, id=f"{mode} {' '.join(operation)}")
    for mode in ("positive", "negative")
    for operation in OPERATIONS
    # Any text can be an id, so there is no request that breaks this schema.
    if (mode, *operation) != ("negative", "GET", "/orders/{order_id}")
]
WANTED = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
]


def exported(orders: Orders) -> dict[str, Any]:
    """Return the document that API Gateway makes of the deployed REST API."""
    answer = orders.lab.client("apigateway").get_export(
        restApiId=orders.rest_api_id, stageName="test", exportType="oas30", accepts="application/json"
    )
    with answer["body"] as body:
        document: dict[str, Any] = json.loads(body.read())
    return document


def imported(orders: Orders) -> dict[str, Any]:
    return orders_openapi(orders.lab, orders.service.function.arn, kind="HTTP")


@pytest.mark.parametrize(("mode", "method", "path"), CASES)
@pytest.mark.parametrize("kind", ["REST", "HTTP"])
def test_no_answer_is_an_error_of_ours_or_undocumented(
    orders: Orders, kind: str, mode: str, method: str, path: str
) -> None:
    # Here, because every worker collects every file, and this takes longest of all that tests import.
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from schemathesis import Case, GenerationMode, openapi
    from schemathesis.checks import CHECKS, load_all_checks

    load_all_checks()
    wanted = CHECKS.get_by_names(WANTED)
    document, client = (exported(orders), orders.rest) if kind == "REST" else (imported(orders), orders.http)
    statuses = []

    @seed(6)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=openapi.from_dict(document)[path][method].as_strategy(generation_mode=GenerationMode(mode)))
    def ask(case: Case) -> None:
        response = case.call(base_url=str(client.base_url))
        case.validate_response(response, checks=wanted)
        statuses.append(response.status_code)

    ask()
    assert len(statuses) >= EXAMPLES / 2
    if method == "POST" and kind == "HTTP":
        # Made from a schema with patterns and limits, they are orders; the others are not.
        assert (201 in statuses) == (mode == "positive")


def test_what_api_gateway_exports_is_what_was_imported(orders: Orders) -> None:
    ours, theirs = imported(orders), exported(orders)
    assert theirs["components"]["schemas"] == ours["components"]["schemas"]
    for method, path in OPERATIONS:
        our, their = (document["paths"][path][method.lower()] for document in (ours, theirs))
        assert set(their["responses"]) == set(our["responses"])
        assert {each["name"] for each in their["parameters"]} == {each["name"] for each in our["parameters"]}
