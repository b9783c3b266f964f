"""functions/orders behind an HTTP API and a REST API, as a client sees it."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.functional.conftest import Orders, a_basket

pytestmark = pytest.mark.functional


@pytest.fixture(params=["http", "rest"])
def api(request: pytest.FixtureRequest, orders: Orders) -> httpx.Client:
    client: httpx.Client = getattr(orders, request.param)
    return client


def place(api: httpx.Client, key: str, basket: dict[str, Any]) -> httpx.Response:
    return api.post("/orders", json=basket, headers={"Idempotency-Key": key})


def test_an_order_is_placed_and_found_where_the_answer_says(api: httpx.Client) -> None:
    answer = place(api, uuid.uuid4().hex, a_basket(note="für Ảnh"))
    assert answer.status_code == 201
    order = answer.json()
    assert (order["status"], order["version"], order["note"]) == ("placed", 1, "für Ảnh")
    assert '"total": 0.3,' in answer.text  # a float would say 0.30000000000000004
    assert answer.headers["etag"] == '"1"'
    found = api.get(httpx.URL(answer.headers["location"]).path.removeprefix("/test"))
    assert (found.status_code, found.text, found.headers["etag"]) == (200, answer.text, '"1"')
    assert answer.headers["location"].endswith(f"/orders/{order['order_id']}")


def test_a_location_names_the_stage_where_the_address_has_one(orders: Orders) -> None:
    assert orders.place(orders.http).headers["location"].startswith("/orders/")
    assert orders.place(orders.rest).headers["location"].startswith("/test/orders/")


def test_the_same_key_gets_the_same_answer_whatever_became_of_the_order(api: httpx.Client) -> None:
    key, basket = uuid.uuid4().hex, a_basket()
    first = place(api, key, basket)
    api.patch(f"/orders/{first.json()['order_id']}", json={"status": "paid"})
    spelt_otherwise = api.post(
        "/orders",
        content=json.dumps(basket, indent=4).replace("0.1", "0.10"),
        headers={"Idempotency-Key": key},
    )
    assert (spelt_otherwise.status_code, spelt_otherwise.text) == (201, first.text)
    assert "idempotent-replayed" not in first.headers
    assert spelt_otherwise.headers["idempotent-replayed"] == "true"
    assert spelt_otherwise.headers["location"] == first.headers["location"]


def test_the_same_key_with_another_order_is_refused(api: httpx.Client, orders: Orders) -> None:
    key, basket = uuid.uuid4().hex, a_basket()
    place(api, key, basket)
    before = orders.items()
    answer = place(api, key, basket | {"note": "another"})
    assert (answer.status_code, answer.json()) == (
        422,
        {"message": "This Idempotency-Key was used with another order."},
    )
    assert orders.items() == before


def test_an_expired_key_counts_no_more_even_if_its_item_is_still_there(orders: Orders) -> None:
    key, basket = uuid.uuid4().hex, a_basket()
    first = place(orders.http, key, basket)
    orders.lab.client("dynamodb").update_item(
        TableName=orders.service.table.name,
        Key={"pk": {"S": f"key#{key}"}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )
    second = place(orders.http, key, basket)
    assert second.status_code == 201
    assert second.json()["order_id"] != first.json()["order_id"]


def test_what_is_kept_of_a_key_expires_a_day_later(orders: Orders) -> None:
    key = uuid.uuid4().hex
    place(orders.http, key, a_basket())
    [record] = [item for item in orders.items() if item["pk"]["S"] == f"key#{key}"]
    answer = orders.lab.client("dynamodb").describe_time_to_live(TableName=orders.service.table.name)
    assert answer["TimeToLiveDescription"]["AttributeName"] == "expires_at"
    created = record["answer"]["M"]["created_at"]["S"]
    lifetime = int(record["expires_at"]["N"]) - datetime.fromisoformat(created).timestamp()
    assert lifetime == pytest.approx(24 * 3600, abs=30)


def test_a_customers_orders_come_in_pages_the_newest_first(api: httpx.Client, orders: Orders) -> None:
    customer = f"c-{uuid.uuid4().hex}"
    placed = [orders.place(api, customer=customer).json()["order_id"] for _ in range(5)]
    orders.place(api)  # somebody else's
    found, sizes, token = [], [], None
    while token or not sizes:
        page = api.get(
            "/orders", params={"customer": customer, "limit": 2, **({"next": token} if token else {})}
        )
        assert page.status_code == 200
        found += [order["order_id"] for order in page.json()["orders"]]
        sizes.append(len(page.json()["orders"]))
        token = page.json().get("next")
    assert found == placed[::-1]
    assert sizes == [2, 2, 1]
    assert api.get("/orders", params={"customer": "nobody"}).json() == {"orders": []}


def test_a_token_that_was_changed_or_is_anothers_is_refused(api: httpx.Client, orders: Orders) -> None:
    customer = f"c-{uuid.uuid4().hex}"
    for _ in range(2):
        orders.place(api, customer=customer)
    token = api.get("/orders", params={"customer": customer, "limit": 1}).json()["next"]
    changed = ("B" if token.startswith("A") else "A") + token[1:]
    for who, wrong in [(customer, changed), (customer, token[:-1]), (customer, "x"), ("eve", token)]:
        answer = api.get("/orders", params={"customer": who, "next": wrong})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "next")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (["paid", "shipped"], 200),
        (["cancelled"], 200),
        (["paid", "cancelled"], 200),
        (["shipped"], 409),
        (["placed"], 409),
        (["paid", "paid"], 409),
        (["paid", "shipped", "cancelled"], 409),
        (["cancelled", "paid"], 409),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else str(value),
)
def test_an_order_moves_on_as_it_may(orders: Orders, path: list[str], status: int) -> None:
    url = f"/orders/{orders.place().json()['order_id']}"
    answers = [orders.http.patch(url, json={"status": each}) for each in path]
    assert [answer.status_code for answer in answers] == [200] * (len(path) - 1) + [status]
    order = orders.http.get(url).json()
    done = [each for each, answer in zip(path, answers, strict=True) if answer.status_code == 200]
    assert (order["status"], order["version"]) == (["placed", *done][-1], 1 + len(done))


def test_a_client_that_knows_an_older_version_is_told_so(api: httpx.Client, orders: Orders) -> None:
    url = f"/orders/{orders.place(api).json()['order_id']}"
    outdated = api.patch(url, json={"status": "paid"}, headers={"If-Match": '"7"'})
    assert outdated.status_code == 412
    current = api.patch(url, json={"status": "paid"}, headers={"If-Match": '"1"'})
    assert (current.status_code, current.headers["etag"]) == (200, '"2"')
    again = api.patch(url, json={"status": "shipped"}, headers={"If-Match": '"1"'})
    assert (again.status_code, api.get(url).json()["status"]) == (412, "paid")
    assert api.patch(url, json={"status": "shipped"}, headers={"If-Match": "*"}).status_code == 200


def test_a_path_or_a_method_that_is_not_there(orders: Orders) -> None:
    assert orders.http.get("/").status_code == 404
    assert orders.http.get("/orders/").status_code == 404
    assert orders.http.get(f"/orders/{uuid.uuid4()}").status_code == 404
    answer = orders.http.delete("/orders")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, GET")


def test_the_log_names_the_request_and_nothing_of_its_body(orders: Orders) -> None:
    customer = f"c-{uuid.uuid4().hex}"
    answer = orders.place(customer=customer, note="my secret")
    orders.http.get("/orders", params={"customer": customer})
    orders.http.post("/orders", json={"customer": customer, "my secret": "my secret"})
    messages = [event.message for event in orders.lab.logs("orders")]
    lines = [json.loads(message) for message in messages if message.startswith("{")]
    assert lines[-1] == lines[-1] | {"route": "POST /orders", "status": 400, "replayed": False}
    assert lines[-3]["status"] == 201 and answer.status_code == 201
    assert all(line["request_id"] and line["api_request_id"] for line in lines)
    assert not any(customer in message or "my secret" in message for message in messages)


def test_a_wrong_request_does_not_use_its_key_up(orders: Orders) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    assert orders.http.post("/orders", json=a_basket(currency="XXX"), headers=headers).status_code == 400
    assert orders.http.post("/orders", json=a_basket(), headers=headers).status_code == 201
