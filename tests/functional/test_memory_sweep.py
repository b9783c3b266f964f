"""Notebook 02's functions on the local cloud, measured at settings that are far apart. Shapes, no times."""

from __future__ import annotations

import platform

import pytest

from labsupport.lab import Lab
from labsupport.memory_sweep import sweep_memory

pytestmark = [
    pytest.mark.functional,
    pytest.mark.skipif(platform.system() != "Linux", reason="limits need Linux"),
]
LOGIN = {"password": "correct horse", "salt": "s", "rounds": 80_000}


def test_work_for_the_cpu_gets_faster_with_memory(lab: Lab) -> None:
    function = lab.deploy_function("password", timeout_seconds=60)
    curve = sweep_memory(lab.target, function.name, LOGIN, memory_mb=[128, 1769])
    small, large = curve.settings
    assert (small.memory_mb, large.memory_mb) == (128, 1769)
    # Fourteen times the CPU. How much of that is seen depends on what else this machine does.
    assert small.duration_ms > 3 * large.duration_ms
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
