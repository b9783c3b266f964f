"""What idle environments cost. Each has a thread that would never rest, if it were not frozen."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil

from benchmarks.figure import Figure
from benchmarks.service import invoke, lambda_service, make_function

ENVIRONMENTS, SECONDS = 10, 5.0
RESTLESS = """
import os, threading
def spin():
    while True:
        sum(range(1000))
threading.Thread(target=spin, daemon=True).start()
def handler(event, context):
    return 1
"""


def measure() -> Iterator[Figure]:
    with lambda_service() as service:
        for _ in range(ENVIRONMENTS):
            invoke(service, make_function(RESTLESS))
        here = psutil.Process()
        there = [child for child in here.children() if "bootstrap.py" in " ".join(child.cmdline())]
        assert len(there) == ENVIRONMENTS
        before = _cpu_seconds(here), sum(map(_cpu_seconds, there))
        time.sleep(SECONDS)
        after = _cpu_seconds(here), sum(map(_cpu_seconds, there))
    service_share, environments_share = (
        (end - begin) / SECONDS * 100 for begin, end in zip(before, after, strict=True)
    )
    yield Figure(
        f"CPU of {ENVIRONMENTS} idle environments, of one core", environments_share, unit="%", goal="0"
    )
    yield Figure("CPU of the service beside them", service_share, unit="%", goal="0")


def _cpu_seconds(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)
