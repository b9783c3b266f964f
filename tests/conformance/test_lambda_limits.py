"""Freezing, memory and CPU share, asked of real functions. Linux only.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import time

import pytest

from labsupport.localcloud.lambda_service.host import cpu_ns
from labsupport.waiting import wait_until
from tests.conformance.conftest import Bench, make_function, processes_of

pytestmark = pytest.mark.skipif(platform.system() != "Linux", reason="limits need Linux")

# Uses the CPU for a while and reports how much it got: CPU seconds per second of wall time.
BUSY = """
    import time
    def handler(event, context):
        wall, cpu = time.perf_counter(), time.process_time()
        while time.perf_counter() - wall < 1.0:
            sum(range(1000))
        return (time.process_time() - cpu) / (time.perf_counter() - wall)
"""


def test_nothing_runs_between_invocations(bench: Bench) -> None:
    source = """
        import threading, time
        ticks = []
        def tick():
            while True:
                ticks.append(time.monotonic())
                time.sleep(0.01)
        threading.Thread(target=tick, daemon=True).start()
        def handler(event, context):
            time.sleep(0.05)  # the thread may tick again
            gaps = [round(b - a, 3) for a, b in zip(ticks, ticks[1:])]
            return {"ticks": len(ticks), "longest gap": max(gaps, default=0)}
    """
    function = make_function(source, memory_mb=1769)
    before = json.loads(bench.invoke(function).payload)
    time.sleep(1.0)
    after = json.loads(bench.invoke(function).payload)
    assert after["longest gap"] > 0.8, "the thread went on while nobody invoked the function"
    assert after["ticks"] - before["ticks"] < 30, "it ticks a hundred times a second when it may run"


def test_an_idle_environment_uses_no_cpu_at_all(bench: Bench) -> None:
    source = """
        import os, subprocess, sys, threading
        def spin():
            while True:
                pass
        threading.Thread(target=spin, daemon=True).start()
        child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        def handler(event, context):
            return child.pid
    """
    function = make_function(source, memory_mb=512)
    bench.invoke(function)
    pids = [process.pid for process in processes_of(function)]
    assert sum(map(cpu_ns, pids)) > 0

    def used_ns() -> int:
        before = sum(map(cpu_ns, pids))
        time.sleep(0.5)  # the time in which nothing must happen
        return sum(map(cpu_ns, pids)) - before

    # The answer is there before the runtime asks for the next event, which is when Lambda freezes it.
    wait_until(lambda: used_ns() == 0, doing="freezing", timeout_seconds=20)
    assert used_ns() == 0


def test_a_frozen_environment_answers_the_next_event(bench: Bench) -> None:
    function = make_function("n = 0\ndef handler(e, c):\n    global n\n    n += 1\n    return n\n")
    for expected in range(1, 6):
        assert bench.invoke(function).payload == str(expected).encode()
        time.sleep(0.05)


@pytest.mark.parametrize("memory_mb", [128, 442])
def test_cpu_share_follows_memory(bench: Bench, memory_mb: int) -> None:
    function = make_function(BUSY, memory_mb=memory_mb, timeout_seconds=60)
    got = json.loads(bench.invoke(function).payload)
    # Never more than its share. Less only as far as this machine is busy with other things.
    assert memory_mb / 1769 * 0.3 < got < memory_mb / 1769 * 1.2


# Has child processes use the CPU, and reports how much they got together.
BUSY_CHILDREN = """
    import subprocess, sys, time
    work = "import time\\nend = time.time() + 1.5\\nwhile time.time() < end: sum(range(1000))\\n"
    work += "print(time.process_time())"
    def handler(event, context):
        begun = time.perf_counter()
        command = [sys.executable, "-c", work]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
        cpu = sum(float(child.communicate()[0]) for child in children)
        return cpu / (time.perf_counter() - begun)
"""


def test_children_count_towards_the_share(bench: Bench) -> None:
    function = make_function(BUSY_CHILDREN, memory_mb=442, timeout_seconds=60)
    got = json.loads(bench.invoke(function).payload)
    assert got < 0.25 * 1.5  # a child has a head start until it is noticed


def test_above_1769_mb_there_is_more_than_one_vcpu_but_no_more_than_the_share(bench: Bench) -> None:
    function = make_function(BUSY_CHILDREN, memory_mb=2000, timeout_seconds=60)
    got = json.loads(bench.invoke(function).payload)
    # How much it gets depends on what else this machine does; tests/unit/test_governor.py knows exactly.
    assert got < 2000 / 1769 * 1.1


def test_1769_mb_are_a_whole_vcpu(bench: Bench) -> None:
    # A process that nobody limits says what this machine has to give at the moment.
    endless = [sys.executable, "-c", "while True: pass"]
    with subprocess.Popen(endless) as free:
        began, before = time.perf_counter(), cpu_ns(free.pid)
        got = json.loads(bench.invoke(make_function(BUSY, memory_mb=1769, timeout_seconds=60)).payload)
        there = (cpu_ns(free.pid) - before) / 1e9 / (time.perf_counter() - began)
        free.kill()
    assert got > there * 0.6, f"it got {got:.2f} of a core, where {there:.2f} was to be had"


def test_init_is_not_slowed_down(bench: Bench) -> None:
    source = """
        import time
        wall, cpu = time.perf_counter(), time.process_time()
        while time.process_time() - cpu < 0.3:
            sum(range(1000))
        took = time.perf_counter() - wall
        def handler(event, context):
            return took
    """
    took = json.loads(bench.invoke(make_function(source, memory_mb=128, timeout_seconds=60)).payload)
    assert took < 0.3 / (128 / 1769) * 0.7  # at its share it would take over four seconds


MEMORY = """
    import subprocess, sys
    def handler(event, context):
        grown = bytearray(event["mb"] << 20) if event.get("mb") else b""
        if event.get("child_mb"):
            work = f"import time; x = bytearray({event['child_mb']} << 20); time.sleep(1)"
            return subprocess.run([sys.executable, "-c", work]).returncode
        return len(grown)
"""


def test_too_much_memory_ends_the_environment(bench: Bench) -> None:
    function = make_function(MEMORY, memory_mb=128)
    result = bench.invoke(function, b'{"mb": 300}')
    assert result.error is not None
    assert result.error["errorType"] == "Runtime.ExitError"
    assert result.error["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    report = result.log_tail.splitlines()[-1]
    assert "Memory Size: 128 MB\tMax Memory Used: 128 MB" in report
    assert "Status: error\tError Type: Runtime.OutOfMemory" in report
    assert bench.invoke(function).payload == b"0", "the next invocation gets a new process"


def test_memory_below_the_limit_is_fine_and_reported(bench: Bench) -> None:
    report = bench.invoke(make_function(MEMORY, memory_mb=512), b'{"mb": 200}').log_tail
    used = re.search(r"Max Memory Used: (\d+) MB", report)
    assert used and 200 < int(used[1]) < 300


def test_children_count_towards_memory(bench: Bench) -> None:
    function = make_function(MEMORY, memory_mb=256, timeout_seconds=20)
    result = bench.invoke(function, b'{"child_mb": 400}')
    assert result.error is not None and "signal: killed" in result.error["errorMessage"]


def test_memory_in_the_init_phase_counts_too(bench: Bench) -> None:
    source = "grown = bytearray(300 << 20)\ndef handler(e, c):\n    return 1\n"
    result = bench.invoke(make_function(source, memory_mb=128))
    assert result.error is not None and result.error["errorType"] == "Runtime.OutOfMemory"
    assert "Phase: init\tStatus: error\tError Type: Runtime.OutOfMemory" in result.log_tail
