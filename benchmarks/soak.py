"""Ten thousand warm invocations: whether the server grows, and whether it gets slower.

The service alone must not grow. The local cloud does, because CloudWatch remembers each invocation: its
metrics and, where the role may write them, its log events.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

import psutil

from benchmarks.clouds import lab_cloud
from benchmarks.figure import Figure, seconds
from benchmarks.invoke import SOURCES, deploy
from benchmarks.invoke import invoke as invoke_through_boto3
from benchmarks.service import invoke, lambda_service, make_function

FEW, MANY = 1_000, 10_000


def measure() -> Iterator[Figure]:
    source = SOURCES["a handler that prints"]
    with lambda_service() as service:
        function = make_function(source)
        yield from _soak("Lambda service", psutil.Process(), lambda: invoke(service, function), "1.00 ×")
    with lab_cloud() as cloud:
        client, name = deploy(cloud, source)
        server = psutil.Process(cloud.pid)
        yield from _soak("Local cloud", server, lambda: invoke_through_boto3(client, name), "")


def _soak(what: str, server: psutil.Process, call: Callable[[], object], goal: str) -> Iterator[Figure]:
    first = [seconds(call) for _ in range(FEW)]
    memory_mb, descriptors = server.memory_info().rss / 1e6, server.num_fds()
    for _ in range(MANY - 2 * FEW):
        call()
    last = [seconds(call) for _ in range(FEW)]
    few, many = f"after {FEW:,}", f"after {MANY:,} invocations"
    now_mb = server.memory_info().rss / 1e6
    yield Figure(f"{what}: memory {many}", now_mb, few, memory_mb, unit="MB", goal=goal)
    yield Figure(f"{what}: descriptors {many}", server.num_fds(), few, descriptors, unit="", goal="1.00 ×")
    yield Figure(
        f"{what}: warm invoke, the last {FEW:,}",
        statistics.median(last),
        f"the first {FEW:,}",
        statistics.median(first),
        goal="1.00 ×",
    )
