"""functions/orders: what needs no table. Money, validation, router, events, page tokens."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

FUNCTION_DIR = Path(__file__).parents[2] / "functions" / "orders"
MODULES = ("decimal_json", "models", "page_token", "proxy", "router", "store", "handler")
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def function() -> Any:
    """Import the modules as Lambda does: their folder on sys.path, settings in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FUNCTION_DIR)
        patch.setenv("TABLE", "orders")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.delenv("AWS_PROFILE", raising=False)
        yield SimpleNamespace(**{name: __import__(name) for name in MODULES})
    for name in MODULES:
        del sys.modules[name]


def basket(**changes: Any) -> dict[str, Any]:
    items = [{"sku": "mug", "quantity": 3, "unit_price": Decimal("0.1")}]
    return {"customer": "ada", "currency": "EUR", "items": items, **changes}


@pytest.mark.parametrize(
    ("written", "total"),
    [("0.1", "0.30"), ("0.10", "0.30"), ("7", "21.00"), ("1e2", "300.00"), ("-0.0", "0.00")],
)
def test_amounts_are_exact_from_the_body_to_the_total(function: Any, written: str, total: str) -> None:
    body = json.dumps(basket(), default=str).replace('"0.1"', written)
    new = function.models.check(function.models.NewOrder, function.decimal_json.read_json(body.encode()))
    order = function.models.Order.place(new, order_id="1", created_at=NOW)
    assert str(order.total) == total
    assert order.created_at == "2026-11-21T09:30:00.000000+00:00"


@pytest.mark.parametrize("digits", ["0.1", "0.3", "19.99", "4999999999.99", "1234567890.01", "0"])
def test_an_amount_is_written_with_the_digits_that_it_has(function: Any, digits: str) -> None:
    assert function.decimal_json.write_json({"total": Decimal(digits)}) == f'{{"total": {digits}}}'


def test_what_has_no_form_in_json_is_an_error(function: Any) -> None:
    with pytest.raises(TypeError, match="set"):
        function.decimal_json.write_json({"a": {1}})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[NaN]", "NaN is not a number"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"[" * 100_000, "too deeply"),
        (b"9" * 39, "too long"),
        (b"1e" + b"9" * 30, "too long"),
        (b"\xff", "UTF-8"),
        (b"{", "line 1, column 2"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_json_that_two_readers_would_read_differently_is_refused(
    function: Any, body: bytes, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        function.decimal_json.read_json(body)


def test_each_error_names_its_field_and_does_not_repeat_the_value(function: Any) -> None:
    wrong = basket(items=[{"sku": "mug", "quantity": "secret", "unit_price": Decimal("0.001")}], extra=1)
    with pytest.raises(function.proxy.Refusal) as caught:
        function.models.check(function.models.NewOrder, wrong)
    assert caught.value.status == 400
    assert [error["field"] for error in caught.value.errors] == [
        "items.0.quantity",
        "items.0.unit_price",
        "extra",
    ]
    assert "secret" not in caught.value.answer()["body"]


def test_many_errors_are_not_all_told(function: Any) -> None:
    with pytest.raises(function.proxy.Refusal) as caught:
        function.models.check(function.models.NewOrder, basket(items=[{}] * 50))
    assert len(caught.value.errors) == function.models.MAX_ERRORS


def test_a_status_changes_as_the_lesson_says(function: Any) -> None:
    allowed = {
        (old, new)
        for old in function.models.NEXT_STATUS
        for new in function.models.NEXT_STATUS
        if function.models.StatusChange(status=new).is_allowed_after(old)
    }
    assert allowed == {
        ("placed", "paid"),
        ("placed", "cancelled"),
        ("paid", "shipped"),
        ("paid", "cancelled"),
    }


@pytest.mark.parametrize(
    ("template", "path", "parameters"),
    [
        ("/orders", "/orders", {}),
        ("/orders/{order_id}", "/orders/7", {"order_id": "7"}),
        ("/orders/{order_id}", "/orders/", None),
        ("/orders/{order_id}", "/orders/7/items", None),
        ("/orders", "/orders/", None),
        ("/orders", "/Orders", None),
    ],
)
def test_a_path_fits_a_template_or_not(
    function: Any, template: str, path: str, parameters: dict[str, str] | None
) -> None:
    assert function.router.match(template, path) == parameters


def test_another_method_is_405_and_another_path_404(function: Any) -> None:
    routes = function.handler.ROUTES
    assert function.router.find_route(routes, "GET", "/orders/7")[0] == "GET /orders/{order_id}"
    for method, path, status in [("PUT", "/orders", 405), ("GET", "/", 404)]:
        with pytest.raises(function.proxy.Refusal) as caught:
            function.router.find_route(routes, method, path)
        assert caught.value.status == status


def test_both_formats_of_event_say_the_same(function: Any) -> None:
    first = {
        "version": "1.0",
        "httpMethod": "GET",
        "path": "/orders",
        "headers": {"If-Match": '"1"'},
        "queryStringParameters": {"customer": "ada"},
        "requestContext": {"requestId": "r", "path": "/prod/orders", "stage": "prod"},
        "body": None,
        "isBase64Encoded": False,
    }
    second = {
        "version": "2.0",
        "rawPath": "/prod/orders",
        "headers": {"if-match": '"1"'},
        "queryStringParameters": {"customer": "ada"},
        "requestContext": {"requestId": "r", "stage": "prod", "http": {"method": "GET"}},
        "isBase64Encoded": False,
    }
    read = function.proxy.read_request
    assert read(first) == read(second)
    assert (read(first).path, read(first).client_path) == ("/orders", "/prod/orders")
    assert read(first | {"headers": None, "queryStringParameters": None}).query == {}


def test_the_sample_event_is_an_order_in_format_2_0(function: Any) -> None:
    request = function.proxy.read_request(json.loads((FUNCTION_DIR / "event.json").read_text()))
    assert function.router.find_route(function.handler.ROUTES, request.method, request.path)[2] == {}
    assert request.idempotency_key()
    assert function.models.check(function.models.NewOrder, request.json()).customer == "ada"


def test_a_page_token_leads_back_to_its_position_and_only_in_its_own_list(function: Any) -> None:
    read, write = function.page_token.read_token, function.page_token.write_token
    position = {"pk": "order#1", "customer": "ada", "created_at": "2026-11-21"}
    token = write(position)
    assert read(token, "ada") == position
    others = [token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :] for i in range(len(token))]
    for wrong, customer in [(token, "eve"), ("", "ada"), ("é", "ada"), *((other, "ada") for other in others)]:
        with pytest.raises(function.proxy.Refusal) as caught:
            read(wrong, customer)
        assert caught.value.status == 400


@pytest.mark.parametrize(
    ("if_match", "fits"),
    [('"2"', True), ("*", True), ('"1", "2"', True), ('"1"', False), ("2", False), ('W/"2"', False)],
)
def test_if_match_is_compared_with_the_version(function: Any, if_match: str, fits: bool) -> None:
    assert function.handler.matches(if_match, {"version": 2}) is fits


def test_a_transaction_that_fails_for_another_reason_is_no_duplicate(function: Any) -> None:
    def is_one(*codes: str) -> bool:
        return bool(function.store.can_be_a_duplicate([{"Code": code} for code in codes]))

    assert is_one("ConditionalCheckFailed", "None") and is_one("TransactionConflict", "None")
    assert not is_one("ThrottlingError", "None")
    assert not is_one("ConditionalCheckFailed", "ItemCollectionSizeLimitExceeded")


class BusyTable:
    """A table whose transactions are cancelled, because another one has the key, which is never done."""

    name = "orders"

    class Cancelled(Exception):
        response: ClassVar = {"CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}]}

    def __init__(self) -> None:
        self.meta = SimpleNamespace(client=self)
        self.exceptions = SimpleNamespace(TransactionCanceledException=self.Cancelled)
        self.attempts = 0

    def transact_write_items(self, **_: Any) -> None:
        self.attempts += 1
        raise self.Cancelled

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {}


def test_a_key_that_another_request_has_for_long_is_given_up(function: Any) -> None:
    table = BusyTable()
    with pytest.raises(function.store.StillWorking):
        function.store.Store(table).place({"order_id": "1"}, "a-key", "a-hash")
    assert table.attempts == function.store.ATTEMPTS


def test_openapi_json_has_the_models_as_they_are(function: Any) -> None:
    """If not: put what `models_json_schema` returns into functions/orders/openapi.json."""
    from pydantic.json_schema import models_json_schema

    models = [function.models.NewOrder, function.models.Order, function.models.StatusChange]
    _, schemas = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    document = json.loads((FUNCTION_DIR / "openapi.json").read_text())
    described = document["components"]["schemas"]
    assert {name: described[name] for name in schemas["$defs"]} == schemas["$defs"]
    routes = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert routes == set(function.handler.ROUTES)
