"""Notebook 02's functions on the local cloud, measured at settings that are far apart. Shapes, no times."""

from __future__ import annotations

import hashlib
import platform
import threading
import time
from typing import Any

import pytest

from labsupport.lab import Lab
from labsupport.memory_sweep import sweep_memory

pytestmark = [
    pytest.mark.functional,
    pytest.mark.skipif(platform.system() != "Linux", reason="limits need Linux"),
]
LOGIN: dict[str, Any] = {"password": "correct horse", "salt": "s", "rounds": 80_000}


class SameWork(threading.Thread):
    """The function's work again and again, beside it: what this machine takes for it with a core's share.

    Attributes:
        cpu_ms: CPU time of one piece of work, which depends on the machine and little on its load.
        wall_ms: the longest that one took.
    """

    cpu_ms, wall_ms = float("inf"), 0.0

    def __init__(self) -> None:
        """Start."""
        super().__init__(daemon=True)
        self._done = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._done.is_set():
            began, used = time.perf_counter(), time.thread_time()
            hashlib.pbkdf2_hmac("sha256", b"correct horse", b"s", LOGIN["rounds"])
            self.cpu_ms = min(self.cpu_ms, (time.thread_time() - used) * 1000)
            self.wall_ms = max(self.wall_ms, (time.perf_counter() - began) * 1000)

    def __enter__(self) -> SameWork:
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        self.join()


def test_work_for_the_cpu_gets_faster_with_memory(lab: Lab) -> None:
    function = lab.deploy_function("password", timeout_seconds=60)
    with SameWork() as beside_small:
        [small] = sweep_memory(lab.target, function.name, LOGIN, memory_mb=[128]).settings
    with SameWork() as beside_large:
        [large] = sweep_memory(lab.target, function.name, LOGIN, memory_mb=[1769]).settings
    assert (small.memory_mb, large.memory_mb) == (128, 1769)
    # A busy machine makes both slower. It gives the small one no more than its share, and holds the large
    # one up as it does the same work beside it.
    assert small.duration_ms > beside_small.cpu_ms * (1769 / 128) / 2
    assert large.duration_ms < beside_large.wall_ms * 3
    assert small.max_memory_mb < 128
    assert lab.calls() == [], "what the sweep calls is not the lesson"


def test_waiting_takes_as_long_with_any_memory_and_costs_more_with_more(lab: Lab) -> None:
    queue = lab.deploy_queue("mailbox")
    function = lab.deploy_function(
        "mailbox", environment={"QUEUE_URL": queue.url}, values={"queue": queue.name}, timeout_seconds=30
    )
    event = {"wait_seconds": 1}
    small, large = sweep_memory(lab.target, function.name, event, memory_mb=[256, 1769], times=1).settings
    assert large.duration_ms >= 1000
    assert small.duration_ms < 2 * large.duration_ms
    assert large.million_dollars > 3 * small.million_dollars


def test_collecting_more_than_the_memory_ends_it_and_the_log_says_how_far_it_came(lab: Lab) -> None:
    lab.deploy_function("collect", memory_mb=128, timeout_seconds=60)
    broken = lab.invoke("collect", {"parts": 20})
    assert broken.error_type == "Runtime.ExitError"
    assert broken.report is not None
    assert (broken.report.status, broken.report.error_type) == ("error", "Runtime.OutOfMemory")
    assert broken.report.max_memory_mb == broken.report.memory_mb
    parts = [line for line in broken.log_lines if line.startswith("part ")]
    assert 5 <= len(parts) < 13, "where the log breaks off"
    fixed = lab.deploy_function("collect", memory_mb=320, timeout_seconds=60)
    answer = lab.invoke("collect", {"parts": 20})
    assert answer.result == {"bytes": 200 * 1024**2} and answer.report is not None
    assert 200 < answer.report.max_memory_mb < 0.9 * fixed.memory_mb
