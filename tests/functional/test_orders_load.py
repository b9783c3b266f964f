"""Many clients at once: each order is stored exactly once, and no answer is the server's fault."""

from __future__ import annotations

import asyncio
import collections
import random
import uuid

import httpx
import pytest

from tests.functional.conftest import Orders, a_basket

pytestmark = pytest.mark.functional

REQUESTS = 1000
ORDERS = 800  # so 200 requests, 20 %, are duplicates
CLIENTS = 10  # each means a cold start, all in one moment: two cores make no more of them within Init's 10 s


def test_a_thousand_requests_of_which_every_fifth_comes_twice(orders: Orders) -> None:
    run = uuid.uuid4().hex
    baskets = {f"{run}-{number}": a_basket(customer=f"c-{run}-{number % 40}") for number in range(ORDERS)}
    keys = [*baskets, *list(baskets)[: REQUESTS - ORDERS]]
    random.Random(7).shuffle(keys)
    answers = asyncio.run(send(str(orders.http.base_url), keys, baskets))

    assert collections.Counter(answer.status_code for _, answer in answers) == {201: REQUESTS}
    ids = collections.defaultdict(set)
    for key, answer in answers:
        ids[key].add(answer.text)
    assert len(ids) == ORDERS
    assert {len(texts) for texts in ids.values()} == {1}, "a duplicate got another answer"
    stored = [item for item in orders.items() if item.get("customer", {}).get("S", "").startswith(f"c-{run}")]
    answered = {answer.json()["order_id"] for _, answer in answers}
    assert sorted(item["order_id"]["S"] for item in stored) == sorted(answered)
    assert len(stored) == ORDERS
    replayed = sum("idempotent-replayed" in answer.headers for _, answer in answers)
    assert replayed == REQUESTS - ORDERS


def test_many_duplicates_at_the_same_moment_make_one_order(orders: Orders) -> None:
    key, basket = uuid.uuid4().hex, a_basket()
    answers = asyncio.run(send(str(orders.http.base_url), [key] * CLIENTS, {key: basket}))
    assert {(answer.status_code, answer.text) for _, answer in answers} == {(201, answers[0][1].text)}
    assert sum("idempotent-replayed" not in answer.headers for _, answer in answers) == 1
    stored = [item for item in orders.items() if item.get("customer", {}).get("S") == basket["customer"]]
    assert len(stored) == 1


def test_of_many_who_change_a_status_at_the_same_moment_one_wins(orders: Orders) -> None:
    url = f"{orders.http.base_url}orders/{orders.place().json()['order_id']}"

    async def change_all() -> list[int]:
        async with httpx.AsyncClient(timeout=60) as client:
            changes = (client.patch(url, json={"status": "cancelled"}) for _ in range(CLIENTS))
            return [answer.status_code for answer in await asyncio.gather(*changes)]

    assert collections.Counter(asyncio.run(change_all())) == {200: 1, 409: CLIENTS - 1}
    assert orders.http.get(url).json()["version"] == 2


async def send(
    url: str, keys: list[str], baskets: dict[str, dict[str, object]]
) -> list[tuple[str, httpx.Response]]:
    """Send one request for each key, CLIENTS of them at a time."""
    waiting = iter(keys)
    answers = []

    async def one_client(client: httpx.AsyncClient) -> None:
        for key in waiting:
            headers = {"Idempotency-Key": key}
            answers.append((key, await client.post(f"{url}orders", json=baskets[key], headers=headers)))

    async with httpx.AsyncClient(timeout=60) as client:
        await asyncio.gather(*(one_client(client) for _ in range(CLIENTS)))
    return answers
