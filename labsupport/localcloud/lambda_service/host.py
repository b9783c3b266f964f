"""What differs between operating systems. Linux is asked directly; elsewhere psutil asks, more slowly."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import re
import subprocess
import threading
import time

import psutil

IS_LINUX = platform.system() == "Linux"
# awslambdaric's native client is built for Linux only; `inside/runtime_client.py` stands in for it elsewhere.
HAS_NATIVE_RUNTIME_CLIENT = IS_LINUX
CORES = len(os.sched_getaffinity(0)) if IS_LINUX else os.cpu_count() or 1
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_OWN_NUMBER = re.compile(rb"NSpid:(?:\s+\d+)*\s+(\d+)\n")
_PEAK = re.compile(rb"VmHWM:\s+(\d+) kB")


def peak_memory_mb(pid: int) -> int:
    """Return the most resident memory that a process has had, in MB; 0 when it has gone.

    Linux keeps the peak itself. Elsewhere it is what the process has now.
    """
    if not IS_LINUX:
        return -(-resident_bytes(pid) >> 20)
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            found = _PEAK.search(file.read())
    except OSError:
        return 0
    return -(-int(found[1]) // 1024) if found else 0


def resident_bytes(pid: int) -> int:
    """Return the resident memory that a process has now; 0 when it has gone."""
    try:
        if IS_LINUX:
            with open(f"/proc/{pid}/statm", "rb") as file:
                return int(file.read().split()[1]) * PAGE_BYTES
        return int(psutil.Process(pid).memory_info().rss)
    except (OSError, ValueError, IndexError, psutil.Error):
        return 0


def cpu_ns(pid: int) -> int:
    """Return the CPU time that a process has used, in nanoseconds; 0 when it has gone.

    On Linux every process has a clock that others may read: clock_getcpuclockid(3).
    """
    try:
        if IS_LINUX:
            return time.clock_gettime_ns((~pid << 3) | 2)
        used = psutil.Process(pid).cpu_times()
        return int((used.user + used.system) * 1e9)
    except (OSError, psutil.Error):
        return 0


def descendants(pid: int) -> list[int]:
    """Return the processes below a process: its children, the oldest first, then theirs."""
    found: list[int] = []
    if not IS_LINUX:
        with contextlib.suppress(psutil.Error):
            found = [child.pid for child in psutil.Process(pid).children(recursive=True)]
        return found
    found = _children(pid)
    for parent in found:  # it grows while it is walked
        found += _children(parent)
    return found


def own_number(pid: int) -> int:
    """Return the number that a process knows itself by, in its own process namespace; 0 when it has gone."""
    if not IS_LINUX:
        return pid
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            found = _OWN_NUMBER.search(file.read())
    except OSError:
        return 0
    return int(found[1]) if found else pid


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a child process and return its return code.

    Linux has a descriptor for a process, which the event loop can watch. Where there is none, a thread waits.
    """
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    if not hasattr(os, "pidfd_open"):

        def wait() -> None:
            process.wait()
            loop.call_soon_threadsafe(gone.set)

        threading.Thread(target=wait, name="child-reaper", daemon=True).start()
        await gone.wait()
        return process.wait()
    descriptor = os.pidfd_open(process.pid)
    loop.add_reader(descriptor, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return process.wait()


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):  # a process may end while it is looked at
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children") as file:
                children += map(int, file.read().split())
    return children
