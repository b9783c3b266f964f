"""functions/orders/policy.json: without one of its actions, just what needs that action fails."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from labsupport.permissions import read_policy
from tests.functional.conftest import Orders

pytestmark = pytest.mark.functional

NEEDED_FOR = {
    "dynamodb:GetItem": "get",
    "dynamodb:PutItem": "place",
    "dynamodb:Query": "list",
    "dynamodb:UpdateItem": "pay",
}


def policy_of(orders: Orders) -> dict[str, Any]:
    lab = orders.lab
    values = {"account": lab.account, "region": lab.region, "owner": lab.owner}
    values |= {"function_name": lab.name("orders"), "table": orders.service.table.name}
    return read_policy(lab.settings.project / "functions" / "orders" / "policy.json", values)


def actions_of(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return [action] if isinstance(action, str) else list(action)


def without(policy: dict[str, Any], action: str) -> dict[str, Any]:
    changed = copy.deepcopy(policy)
    for statement in changed["Statement"]:
        statement["Action"] = [each for each in actions_of(statement) if each != action]
    changed["Statement"] = [statement for statement in changed["Statement"] if statement["Action"]]
    return changed


@pytest.fixture
def whole_policy(orders: Orders) -> Iterator[dict[str, Any]]:
    policy = policy_of(orders)
    yield policy
    orders.lab.deploy_role("orders", policy=policy)


def statuses(orders: Orders, order_id: str) -> dict[str, int]:
    """Do each of the four things once, and return their statuses."""
    return {
        "place": orders.place(orders.rest).status_code,
        "get": orders.rest.get(f"/orders/{order_id}").status_code,
        "list": orders.rest.get("/orders", params={"customer": "ada"}).status_code,
        "pay": orders.rest.patch(f"/orders/{order_id}", json={"status": "paid"}).status_code,
    }


def test_all_actions_on_the_table_are_known_here(orders: Orders) -> None:
    allowed = {action for statement in policy_of(orders)["Statement"] for action in actions_of(statement)}
    assert {action for action in allowed if action.startswith("dynamodb:")} == set(NEEDED_FOR)


@pytest.mark.parametrize(("action", "deed"), NEEDED_FOR.items())
def test_without_it_what_needs_it_fails_and_the_rest_works(
    orders: Orders, whole_policy: dict[str, Any], action: str, deed: str
) -> None:
    order_id = orders.place().json()["order_id"]
    orders.lab.deploy_role("orders", policy=without(whole_policy, action))
    fails = {deed, "pay"} if deed == "get" else {deed}  # an order is read before it is changed
    works = {"place": 201, "get": 200, "list": 200, "pay": 200}
    expected = {name: 502 if name in fails else status for name, status in works.items()}
    assert statuses(orders, order_id) == expected
    denials = [
        event.message for event in orders.lab.logs("orders") if f"perform: {action} on" in event.message
    ]
    assert denials and "AccessDenied" in denials[-1]


def test_a_denied_call_says_nothing_to_the_client(orders: Orders, whole_policy: dict[str, Any]) -> None:
    orders.lab.deploy_role("orders", policy=without(whole_policy, "dynamodb:PutItem"))
    answers = [orders.place(client) for client in (orders.http, orders.rest)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (500, {"message": "Internal Server Error"}),
        (502, {"message": "Internal server error"}),
    ]


def test_all_of_it_works_with_the_policy_as_it_is(orders: Orders) -> None:
    order_id = orders.place().json()["order_id"]
    assert statuses(orders, order_id) == {"place": 201, "get": 200, "list": 200, "pay": 200}
