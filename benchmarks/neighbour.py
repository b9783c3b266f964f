"""A warm invoke through boto3 while another function uses its CPU share, against one while nothing runs."""

from __future__ import annotations

import contextlib
import statistics
import threading
from collections.abc import Iterator
from typing import Any

from benchmarks.clouds import lab_cloud
from benchmarks.figure import Figure, seconds
from benchmarks.invoke import SOURCES, deploy, invoke
from benchmarks.service import BUSY

ROUNDS, TIMES = 10, 30


def measure() -> Iterator[Figure]:
    with lab_cloud() as cloud:
        client, name = deploy(cloud, SOURCES["a handler that prints"])
        invoke(client, name)
        for memory_mb in (128, 1769):
            busy_client, busy = deploy(cloud, BUSY, MemorySize=memory_mb, Timeout=60)
            busy_client.invoke(FunctionName=busy, Payload=b"0")
            alone: list[float] = []
            beside: list[float] = []
            for _ in range(ROUNDS):
                alone += _latencies(client, name)
                with _working(busy_client, busy):
                    beside += _latencies(client, name)
            yield Figure(
                f"Warm invoke beside a busy function of {memory_mb} MB",
                statistics.median(beside),
                "beside nothing",
                statistics.median(alone),
                goal="1.00 ×",
            )


def _latencies(client: Any, name: str) -> list[float]:
    return [seconds(lambda: invoke(client, name)) for _ in range(TIMES)]


@contextlib.contextmanager
def _working(client: Any, name: str) -> Iterator[None]:
    """Keep a function busy."""
    enough = threading.Event()

    def work() -> None:
        while not enough.is_set():
            client.invoke(FunctionName=name, Payload=b"0.5")["Payload"].read()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()
