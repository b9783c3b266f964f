"""An API for orders: POST and GET /orders, GET and PATCH /orders/{order_id}.

It works behind an HTTP API and behind a REST API. ROUTES says which function answers what. Each of them gets
a Request and returns an answer, or raises a Refusal: an answer with 4xx that says what the client did wrong.

Anything else that fails, such as a permission that is missing, is not the client's fault. It is not caught
here: Lambda logs it, and API Gateway answers 500 without a word about what happened inside.
"""

import hashlib
import json
import os
import time
import uuid
from datetime import UTC, datetime

import boto3
from models import ListQuery, NewOrder, Order, StatusChange, check
from page_token import read_token, write_token
from proxy import Refusal, Request, answer, read_request
from router import find_route
from store import StillWorking, Store, WrongKey

# Created in the Init phase, once per execution environment. Every warm invocation uses it again.
store = Store(boto3.resource("dynamodb").Table(os.environ["TABLE"]))


def place_order(request: Request) -> dict:
    """Answer POST /orders. The same request with the same key again gets the same answer, and one order."""
    key = request.idempotency_key()
    new = check(NewOrder, request.json())
    request_hash = hashlib.sha256(new.model_dump_json().encode()).hexdigest()
    order = Order.place(new, order_id=str(uuid.uuid4()), created_at=datetime.now(UTC))
    try:
        placed, is_replay = store.place(order.model_dump(), key, request_hash)
    except WrongKey:
        raise Refusal(422, "This Idempotency-Key was used with another order.") from None
    except StillWorking:
        raise Refusal(
            409, "The first request with this Idempotency-Key is not done yet: try again."
        ) from None
    location = f"{request.client_path}/{placed['order_id']}"
    headers = {"Location": location, "Idempotent-Replayed": "true"} if is_replay else {"Location": location}
    return answer(201, placed, ETag=etag(placed), **headers)


def list_orders(request: Request) -> dict:
    """Answer GET /orders?customer=...: the newest first, `limit` of them, and where to go on.

    An order that was placed a moment ago may still be missing: the index follows the table a little later.
    """
    query = check(ListQuery, request.query)
    start = read_token(query.next, query.customer) if query.next else None
    orders, last = store.list_of(query.customer, query.limit, start)
    page = {"orders": orders}
    return answer(200, page | {"next": write_token(last)} if last else page)


def get_order(request: Request, order_id: str) -> dict:
    """Answer GET /orders/{order_id}."""
    order = store.get(order_id)
    if order is None:
        raise Refusal(404, "There is no such order.")
    return answer(200, order, ETag=etag(order))


def change_status(request: Request, order_id: str) -> dict:
    """Answer PATCH /orders/{order_id}: placed, then paid, then shipped, or cancelled before that.

    With If-Match, the client says which version of the order it knows. If the order has another one, the
    answer is 412, and nothing is changed.
    """
    change = check(StatusChange, request.json())
    order = store.get(order_id)
    if order is None:
        raise Refusal(404, "There is no such order.")
    if_match = request.headers.get("if-match")
    if if_match and not matches(if_match, order):
        raise Refusal(412, "The order has changed since: read it again.")
    if not change.is_allowed_after(order["status"]):
        raise Refusal(409, f"An order that is {order['status']} can't become {change.status}.")
    changed = store.change_status(order, change.status, datetime.now(UTC))
    if changed is None:  # somebody else was faster, between our reading and our writing
        raise Refusal(412 if if_match else 409, "The order has changed meanwhile: read it again.")
    return answer(200, changed, ETag=etag(changed))


def etag(order: dict) -> str:
    """Return the order's version as HTTP wants it: in quotes."""
    return f'"{order["version"]}"'


def matches(if_match: str, order: dict) -> bool:
    """Tell whether one of the header's entity tags is the order's."""
    return any(tag.strip() in ("*", etag(order)) for tag in if_match.split(","))


ROUTES = {
    ("POST", "/orders"): place_order,
    ("GET", "/orders"): list_orders,
    ("GET", "/orders/{order_id}"): get_order,
    ("PATCH", "/orders/{order_id}"): change_status,
}


def handler(event: dict, context: object) -> dict:
    """Answer one request to the API, and log one line about it."""
    started = time.perf_counter()
    request = read_request(event)
    route = None
    try:
        route, respond, parameters = find_route(ROUTES, request.method, request.path)
        response = respond(request, **parameters)
    except Refusal as refusal:
        response = refusal.answer()
    log(
        request_id=getattr(context, "aws_request_id", None),
        api_request_id=request.id,
        route=route,  # not the path, and never the body: they can hold personal data
        status=response["statusCode"],
        replayed="Idempotent-Replayed" in response["headers"],
        ms=round((time.perf_counter() - started) * 1000),
    )
    return response


def log(**fields: object) -> None:
    """Print one line of JSON, which CloudWatch Logs can search by field."""
    print(json.dumps(fields))
