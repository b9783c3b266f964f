"""Load on purpose, over HTTP: so many requests a second, whether the API keeps up or not (an open loop).

A loop that waits for each answer slows down with the API, and so hides how slow it is. Here each request has
its time, and its latency counts from then. There is a limit: this is a lesson, not a weapon.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

from labsupport.backoff import ATTEMPTS, RETRIED, pause_seconds
from labsupport.errors import LabError
from labsupport.http_call import HttpCall
from labsupport.http_client import KINDS, TIMEOUT_SECONDS, Api, require_reachable
from labsupport.http_samples import HttpSample, Load
from labsupport.target import Target

MOST_A_SECOND, MOST_REQUESTS, MOST_AT_ONCE = 500, 10_000, 200
FRAME_SECONDS = 0.3

Watch = Callable[[Load], object]


def send_load(
    target: Target,
    api: Api,
    request: str,
    *,
    requests_per_second: float,
    seconds: float,
    concurrency: int = 50,
    backoff: bool = False,
    json: Any = None,
    headers: dict[str, str] | None = None,
    watch: Watch | None = None,
) -> Load:
    """Send requests at a steady rate, and wait for all answers.

    Args:
        target: where.
        api: as `deploy_http_api` or `deploy_rest_api` returned it.
        request: method and path, such as "GET /orders".
        requests_per_second: how many are due each second, 500 at most.
        seconds: for how long.
        concurrency: how many may be under way at once.
        backoff: whether a request that gets 429 or 503 is sent again, after pauses that grow and differ.
        json: body of each request.
        headers: of each request.
        watch: is called with the load again and again while it goes on, and once when it is over.

    Raises:
        LabError: that is too much, or the API is none of the lab's.
    """
    _require_bounded(requests_per_second, seconds, concurrency)
    _require_own_api(target, api.url)
    count = max(1, round(requests_per_second * seconds))
    load = Load(HttpSample(number / requests_per_second) for number in range(count))
    method, _, path = request.partition(" ")
    sent = httpx.Request(method, f"{api.url}/{path.lstrip('/')}", json=json, headers=headers)
    call = HttpCall.of(sent, cell=target.tape.current_cell)
    call.api_kind = KINDS.get(type(api), "")
    target.tape.add(call)
    _Sender(load, sent, concurrency, backoff, is_local=target.endpoint_url is not None).run(
        watch or (lambda load: None)
    )
    statuses = load.by_status
    call.count, call.seconds = sum(statuses.values()) + load.retries, load.seconds
    call.http_status = max(statuses, key=lambda status: statuses[status]) or None
    call.operation += f" × {call.count}"
    return load


class _Sender:
    """One load under way, in a thread with an event loop of its own: a notebook's loop is busy already."""

    def __init__(
        self, load: Load, request: httpx.Request, concurrency: int, backoff: bool, *, is_local: bool
    ) -> None:
        self._load, self._request, self._backoff = load, request, backoff
        self._concurrency, self._is_local = concurrency, is_local
        self._failure: BaseException | None = None

    def run(self, watch: Watch) -> None:
        self._began = time.perf_counter()
        thread = threading.Thread(target=self._send_all, daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(FRAME_SECONDS)
            self._load.seconds = self._now()
            watch(self._load)
        if self._failure:
            raise self._failure
        self._load.seconds = max(sample.answered or 0.0 for sample in self._load)
        self._load.is_over = True
        watch(self._load)

    def _send_all(self) -> None:
        try:
            asyncio.run(self._send_each())
        except BaseException as error:
            self._failure = error

    async def _send_each(self) -> None:
        limits = httpx.Limits(max_connections=self._concurrency, max_keepalive_connections=self._concurrency)
        free = asyncio.Semaphore(self._concurrency)
        async with (
            httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=not self._is_local, limits=limits) as client,
            asyncio.TaskGroup() as tasks,
        ):
            for sample in self._load:
                await asyncio.sleep(max(0.0, sample.due - self._now()))
                tasks.create_task(self._send(client, sample, free))

    async def _send(self, client: httpx.AsyncClient, sample: HttpSample, free: asyncio.Semaphore) -> None:
        for attempt in range(ATTEMPTS if self._backoff else 1):
            if attempt:
                sample.retried = attempt
                await asyncio.sleep(pause_seconds(attempt, random.random()))
            async with free:
                if sample.sent is None:
                    sample.sent = self._now()
                sample.status = await self._status(client)
            if sample.status not in RETRIED:
                break
        sample.answered = self._now()

    async def _status(self, client: httpx.AsyncClient) -> int:
        request = self._request
        try:
            answer = await client.request(
                request.method, request.url, content=request.content, headers=request.headers
            )
        except httpx.TransportError:
            return 0
        return answer.status_code

    def _now(self) -> float:
        return time.perf_counter() - self._began


def _require_bounded(requests_per_second: float, seconds: float, concurrency: int) -> None:
    asked = (requests_per_second, requests_per_second * seconds, concurrency)
    limits = (MOST_A_SECOND, MOST_REQUESTS, MOST_AT_ONCE)
    if min(asked) <= 0 or any(wish > limit for wish, limit in zip(asked, limits, strict=True)):
        raise LabError(
            doing=f"sending {requests_per_second:g} requests a second for {seconds:g} s",
            cause=f"the lab sends at most {MOST_A_SECOND} a second, {MOST_REQUESTS:,} in all and "
            f"{MOST_AT_ONCE} at once, and at least one.",
            next_step="Ask for less. The lesson shows with a few hundred requests.",
        )


def _require_own_api(target: Target, url: str) -> None:
    require_reachable(target, url)
    host = f".execute-api.{target.region}.amazonaws.com"
    if target.endpoint_url is None and not (httpx.URL(url).host or "").endswith(host):
        raise LabError(
            doing=f"sending load to {url}",
            cause="it is no API of API Gateway in this Region.",
            next_step="Pass what lab.deploy_http_api or lab.deploy_rest_api returned.",
        )
