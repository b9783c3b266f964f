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
from collections.abc import Callable

from labsupport.localcloud.lambda_service import host


class Hold(enum.Flag):
    """Why a group doesn't run."""

    NONE = 0
    FROZEN = enum.auto()
    THROTTLED = enum.auto()


class ProcessGroup:
    """A process that leads its own group, and its descendants. Safe between threads."""

    def __init__(self, pid: int, *, hidden: bool = False) -> None:
        """Take a process that was started as the leader of a new session.

        With `hidden` it and its first child are there to hide the others (`inside/processes.py`).
        """
        if pid <= 1:  # 0 and 1 would mean our own group, and everything that runs on this machine
            raise ValueError(f"{pid} leads no environment")
        self.pid, self.hidden = pid, hidden
        self._held = Hold.NONE
        self._ended = False
        self._lock = threading.Lock()

    def of_the_function(self, below: Callable[[int], list[int]] = host.descendants) -> list[int]:
        """Return the processes that are the function's own, the runtime's or the launcher's first.

        `below` returns the processes below a process, an older child before a younger one.
        """
        found = below(self.pid)
        return found[1:] if self.hidden else [self.pid, *found]

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
        """End every process of the group, stopped or not, and descendants that have left it."""
        with self._lock:
            below = [] if self._ended else host.descendants(self.pid)
            self._signal(signal.SIGKILL)
            for pid in below:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

    def has_ended(self) -> None:
        """Say that the leader was reaped: its number may belong to somebody else from now on."""
        with self._lock:
            self._signal(signal.SIGKILL)  # what the handler started goes with it
            self._ended = True

    def _signal(self, number: int) -> None:
        if not self._ended:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)
