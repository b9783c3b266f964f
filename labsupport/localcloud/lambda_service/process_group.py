"""The processes of one environment, as the kernel sees them: one group that is stopped and killed together.

A group can be held for two reasons at once: it is frozen between invocations, or it has used up its CPU
share. It runs again when the last reason is gone.
"""

from __future__ import annotations

import contextlib
import enum
import os
import signal
import threading
import time
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Hold(enum.Flag):
    """Why a group doesn't run."""

    NONE = 0
    FROZEN = enum.auto()
    THROTTLED = enum.auto()


class ProcessGroup:
    """A process that leads its own group, and its descendants. Safe between threads."""

    def __init__(self, pid: int) -> None:
        """Take a process that was started as the leader of a new session."""
        self.pid = pid
        self._held = Hold.NONE
        self._ended = False
        self._lock = threading.Lock()

    @property
    def held(self) -> Hold:
        """Why it doesn't run now."""
        return self._held

    def hold(self, reason: Hold) -> None:
        """Stop the group."""
        with self._lock:
            if self._held is Hold.NONE:
                self._signal(signal.SIGSTOP)
            self._held |= reason

    def release(self, reason: Hold) -> None:
        """Let the group run, unless another reason holds it."""
        with self._lock:
            was_held, self._held = self._held, self._held & ~reason
            if was_held is not Hold.NONE and self._held is Hold.NONE:
                self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End every process of the group, stopped or not."""
        with self._lock:
            self._signal(signal.SIGKILL)

    def has_ended(self) -> None:
        """Say that the leader was reaped: its number may belong to somebody else from now on."""
        with self._lock:
            self._signal(signal.SIGKILL)  # what the handler started goes with it
            self._ended = True

    def _signal(self, number: int) -> None:
        if not self._ended:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    # What the governor asks. Linux only.

    def members(self) -> list[int]:
        """Return the leader and its descendants."""
        found = [self.pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                with contextlib.suppress(OSError):
                    found += map(int, children.read_text().split())
        return found


def cpu_ns(pid: int) -> int:
    """Return the CPU time that a process has used, in nanoseconds; 0 when it has gone.

    The clock of another process: see clock_getcpuclockid(3), and CPUCLOCK_SCHED in the kernel's sources.
    """
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return 0


def resident_bytes(pid: int) -> int:
    """Return the memory that a process has now, without what it shares with files; 0 when it has gone."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0
