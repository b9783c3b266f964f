"""What a client can do wrong: each request gets its 4xx, says nothing of the inside, and changes nothing."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import pytest

from tests.functional.conftest import Orders, a_basket

pytestmark = pytest.mark.functional

BASKET = a_basket(customer="ada")
KEY = {"Idempotency-Key": "a-key"}
AN_ID = "00000000-0000-4000-8000-000000000000"
INSIDE = re.compile(r"Traceback|pydantic|boto|dynamodb|Decimal|handler|lambda|arn:|/opt|/var", re.IGNORECASE)


class Wrong(NamedTuple):
    """A request, the status that it must get, and the field that the answer must name."""

    name: str
    status: int
    method: str
    path: str
    body: bytes | str | None = None
    headers: dict[str, str] = KEY
    field: str | None = None


def post(name: str, body: bytes | str, status: int = 400, field: str | None = None) -> Wrong:
    return Wrong(name, status, "POST", "/orders", body, field=field)


def basket(name: str, field: str, **changes: Any) -> Wrong:
    """An order with something else in it."""
    return post(name, json.dumps(BASKET | changes), field=field)


def item(name: str, field: str, **changes: Any) -> Wrong:
    return basket(name, f"items.0.{field}", items=[BASKET["items"][0] | changes])


def price(name: str, written: str, field: str | None = None) -> Wrong:
    """An order with a price that Python would not write."""
    return post(name, json.dumps(BASKET).replace("0.1", written), field=field)


def get(name: str, path: str, status: int, field: str | None = None) -> Wrong:
    return Wrong(name, status, "GET", path, field=field)


def patch(name: str, body: str, status: int, field: str | None = None, path: str = AN_ID) -> Wrong:
    return Wrong(name, status, "PATCH", f"/orders/{path}", body, field=field)


def key(name: str, headers: dict[str, str]) -> Wrong:
    return Wrong(name, 400, "POST", "/orders", json.dumps(BASKET), headers, "Idempotency-Key")


UNIT_PRICE = "items.0.unit_price"
WRONG = [
    post("no body", ""),
    post("half a body", '{"customer": "ada"'),
    post("two bodies", json.dumps(BASKET) * 2),
    post("XML", "<order/>"),
    post("a comma too many", json.dumps(BASKET)[:-1] + ",}"),
    post("single quotes", str(BASKET)),
    post("not UTF-8", b"\xff\xfe{}"),
    post("UTF-16", json.dumps(BASKET).encode("utf-16")),
    post("byte order mark", b"\xef\xbb\xbf" + json.dumps(BASKET).encode()),
    post("a NUL", json.dumps(BASKET) + "\0"),
    post("an array", json.dumps([BASKET])),
    post("a text", '"order"'),
    post("null", "null"),
    post("a name twice", '{"customer": "eve", ' + json.dumps(BASKET)[1:]),
    post("a name twice in an item", json.dumps(BASKET).replace('"sku"', '"sku": "a", "sku"')),
    post("100,000 brackets", "[" * 100_000, 413),
    post("50,000 brackets", "[" * 50_000),
    post(
        "900 brackets that close",
        json.dumps(BASKET).replace('"ada"', "[" * 900 + "]" * 900),
        field="customer",
    ),
    post("64 KB and a bit", json.dumps(BASKET | {"note": "x" * 65_536}), 413),
    post("11 MB", b"x" * 11_000_000, 413),
    post("lone surrogate", json.dumps(BASKET).replace("ada", "\\ud800"), field="customer"),
    post("lone surrogate in the note", json.dumps(BASKET)[:-1] + ', "note": "\\udfff"}', field="note"),
    post("lone surrogate as a name", json.dumps(BASKET)[:-1] + ', "\\ud800": 1}'),
    basket("no customer", "customer", customer=None),
    basket("a customer that is a number", "customer", customer=7),
    basket("an empty customer", "customer", customer=""),
    basket("a customer of 65 characters", "customer", customer="x" * 65),
    basket("a customer with a line break", "customer", customer="ada\n"),
    basket("a customer that is an operator", "customer", customer={"$ne": None}),
    basket("a customer in DynamoDB's JSON", "customer", customer={"S": "ada"}),
    basket("a customer that is an expression", "customer", customer="ada OR attribute_exists(pk)"),
    basket("a customer that is a key", "customer", customer="order#1"),
    basket("full-width letters", "customer", customer="\uff41da"),
    basket("right-to-left override", "customer", customer="ada\u202e"),
    basket("no items", "items", items=[]),
    basket("items that are one item", "items", items=BASKET["items"][0]),
    basket("51 items", "items", items=BASKET["items"] * 51),
    basket("an item that is null", "items.0", items=[None]),
    basket("an unknown currency", "currency", currency="XXX"),
    basket("a currency in lower case", "currency", currency="eur"),
    basket("a note of 501 characters", "note", note="x" * 501),
    basket("a status of one's own", "status", status="shipped"),
    basket("an id of one's own", "order_id", order_id=AN_ID),
    basket("a key of the table", "pk", pk="key#a"),
    basket("a prototype", "__proto__", __proto__={"total": 0}),
    item("quantity 0", "quantity", quantity=0),
    item("quantity -1", "quantity", quantity=-1),
    item("quantity 1001", "quantity", quantity=1001),
    item("quantity 1.5", "quantity", quantity=1.5),
    item("quantity in quotes", "quantity", quantity="3"),
    item("quantity true", "quantity", quantity=True),
    item("an SKU with a path", "sku", sku="../../etc/passwd"),
    item("a discount", "discount", discount=1),
    price("a negative price", "-0.01", UNIT_PRICE),
    price("a price too high", "100000.01", UNIT_PRICE),
    price("a third digit", "0.001", UNIT_PRICE),
    price("a price in quotes", '"0.1"', UNIT_PRICE),
    price("a huge exponent", "1e999999", UNIT_PRICE),
    price("a tiny exponent", "1e-999999", UNIT_PRICE),
    price("an exponent without end", "1e" + "9" * 30),
    price("5,000 digits", "9" * 5000),
    price("NaN", "NaN"),
    price("Infinity", "Infinity"),
    price("-Infinity", "-Infinity"),
    price("hexadecimal", "0x10"),
    price("a leading zero", "00.1"),
    key("no key", {}),
    key("an empty key", {"Idempotency-Key": ""}),
    key("a key with a space", {"Idempotency-Key": "a key"}),
    key("a key of 129 characters", {"Idempotency-Key": "k" * 129}),
    key("two keys", {"Idempotency-Key": "one, two"}),
    get("a path into the system", "/orders/../../etc/passwd", 404),
    get("the same in percent signs", "/orders/%2e%2e%2f%2e%2e%2fetc%2fpasswd", 404),
    get("an id that is a key of the table", "/orders/order%23" + AN_ID, 404),
    get("an id with a line break", f"/orders/{AN_ID}%0d%0aX-Evil:%201", 404),
    get("an id with a NUL", f"/orders/{AN_ID}%00", 404),
    get("an id of 5,000 characters", "/orders/" + "a" * 5000, 404),
    get("nobody's list", "/orders", 400, "customer"),
    get("a customer that is SQL", "/orders?customer=ada'%20OR%20'1'='1", 400, "customer"),
    get("limit 0", "/orders?customer=ada&limit=0", 400, "limit"),
    get("limit 101", "/orders?customer=ada&limit=101", 400, "limit"),
    get("limit many", "/orders?customer=ada&limit=many", 400, "limit"),
    get("limit twice", "/orders?customer=ada&limit=1&limit=2", 400, "limit"),
    get("a token of one's own", "/orders?customer=ada&next=eyJwayI6ICJrZXkjYSJ9", 400, "next"),
    get("a token in Unicode", "/orders?customer=ada&next=%F0%9F%8D%95", 400, "next"),
    patch("no such order", '{"status": "paid"}', 404),
    patch("no such status", '{"status": "lost"}', 400, "status"),
    patch("no status", "{}", 400, "status"),
    patch("another attribute", '{"status": "paid", "total": 0}', 400, "total"),
    patch("an update expression", '{"status": "paid", "UpdateExpression": "REMOVE total"}', 400),
    patch("an id that is a key", '{"status": "paid"}', 404, path="key%23a"),
    Wrong("an order can't be deleted", 405, "DELETE", f"/orders/{AN_ID}"),
    Wrong("nor put", 405, "PUT", "/orders", json.dumps(BASKET)),
    Wrong("a method of one's own", 405, "PATCH", "/orders", "{}"),
    Wrong("nothing is there", 404, "POST", "/admin", "{}"),
]


@pytest.fixture(scope="module")
def before(orders: Orders) -> Any:
    """Look at the table before all of them and after."""
    orders.place(customer="ada")
    items = orders.items()
    yield items
    assert orders.items() == items, "a refused request changed the table"


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_it_is_refused(orders: Orders, before: Any, wrong: Wrong) -> None:
    answer = orders.http.request(wrong.method, wrong.path, content=wrong.body, headers=wrong.headers)
    assert answer.status_code == wrong.status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert not INSIDE.search(answer.text), answer.text
    assert "x-evil" not in answer.headers
    problem = answer.json()
    assert set(problem) <= {"message", "errors"} and problem["message"]
    if wrong.field:
        assert wrong.field in [error["field"] for error in problem["errors"]]
        assert all(error["reason"] for error in problem["errors"])


def test_no_request_is_there_twice() -> None:
    assert len({wrong.name for wrong in WRONG}) == len(WRONG) >= 60
