"""Memory and CPU share of running environments, enforced without root.

Lambda gives a function CPU in proportion to its memory: 1,769 MB are one vCPU, less is a share of one, and
more is more than one, for a function with several threads or processes. And it ends an environment that
takes more memory than was configured.

* **CPU.** Time is cut into periods of 20 ms. In each one an environment may use its share of CPU time; when
  that is spent, its process group is stopped until the period is over. What was used in excess is taken off
  the next period, so the average is right. From one vCPU on a single thread can't spend its share: it is
  looked at once a period, and never stopped.
* **Memory.** Asked as often as the distance to the limit makes necessary: a process that is 40 MB below can't
  reach the limit within 10 ms, nor can a child process that hasn't been noticed yet.

Only environments that are running an invocation are looked at: idle ones cost nothing. The Init phase is not
throttled (AWS gives it more CPU as well), but its memory is watched.

Known cost: one to four percent of a core for each running environment below 1,769 MB. Stopping and starting
is coarser than the kernel's own scheduler: within 20 ms a function runs at full speed. A function can't have
more vCPUs than this machine has cores, whatever its memory.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable
from typing import Protocol

from labsupport.localcloud.lambda_service import host
from labsupport.localcloud.lambda_service.process_group import Hold, ProcessGroup

VCPU_MEMORY_MB = 1769
PERIOD_NS = 20_000_000
# Child processes are looked for this often, and more often when one could fill the memory meanwhile.
MEMBERS_NS, MEMBERS_SHORTEST_NS = 100_000_000, 5_000_000
# No memory can be filled faster than this, so a check may wait as long as the rest of the way takes.
FASTEST_BYTES_PER_NS = 4.0
SHORTEST_NS, SMALLEST_BUDGET_NS = 1_000_000, 50_000


class Meter(Protocol):
    """What can be asked about processes; `host` answers."""

    CORES: int

    def cpu_ns(self, pid: int) -> int:
        """Return the CPU time that a process has used."""

    def resident_bytes(self, pid: int) -> int:
        """Return the memory that a process has."""

    def descendants(self, pid: int) -> list[int]:
        """Return the processes below a process."""


class Governed:
    """One running environment: its limits, and what it has used."""

    def __init__(
        self, group: ProcessGroup, memory_mb: int, out_of_memory: Callable[[], None], meter: Meter = host
    ) -> None:
        """Watch `group`; `out_of_memory` is called once, from the governor's thread, after it was killed."""
        self.group, self._meter = group, meter
        self.limit_bytes = memory_mb << 20
        self.share = memory_mb / VCPU_MEMORY_MB
        self.quota_ns = int(self.share * PERIOD_NS)
        self.peak_bytes = 0
        self._out_of_memory = out_of_memory
        self._throttles = False
        self._used: dict[int, int] = {}
        self._members_due = self._period_ends = self._budget = 0
        self.due = 0

    def begin(self, now: int, *, throttle: bool) -> None:
        """Start a running time: CPU is counted from now, in nanoseconds."""
        self._throttles = throttle and self.share < self._meter.CORES
        self._used = {pid: self._meter.cpu_ns(pid) for pid in self._members()}
        self._members_due, self._period_ends, self._budget = now + MEMBERS_NS, now + PERIOD_NS, self.quota_ns
        self.due = now + SHORTEST_NS

    def check(self, now: int) -> None:
        """Look at the environment, act, and say when to look again."""
        if now >= self._members_due:
            self._members_due = now + MEMBERS_NS
            for pid in self._members():
                self._used.setdefault(pid, 0)
        resident = sum(map(self._meter.resident_bytes, self._used))
        self.peak_bytes = max(self.peak_bytes, min(resident, self.limit_bytes))
        if resident > self.limit_bytes:
            self.group.kill()
            self._out_of_memory()
            self.due = now + PERIOD_NS
            return
        way_ns = int((self.limit_bytes - resident) / FASTEST_BYTES_PER_NS)
        self.due = now + max(SHORTEST_NS, min(PERIOD_NS, way_ns))
        self._members_due = min(self._members_due, now + max(MEMBERS_SHORTEST_NS, way_ns))
        if self._throttles:
            self._throttle(now)

    def _members(self) -> list[int]:
        return self.group.of_the_function(self._meter.descendants)

    def _throttle(self, now: int) -> None:
        for pid, before in self._used.items():
            used = self._meter.cpu_ns(pid)
            self._budget -= max(0, used - before)
            self._used[pid] = max(used, before)
        while now >= self._period_ends:
            self._period_ends += PERIOD_NS
            self._budget = min(self._budget + self.quota_ns, self.quota_ns)
        if self._budget <= SMALLEST_BUDGET_NS:
            self.group.hold(Hold.THROTTLED)
            self.due = self._period_ends
        else:
            self.group.release(Hold.THROTTLED)
            self.due = min(self.due, self._period_ends, now + max(SMALLEST_BUDGET_NS, self._budget))


class Governor:
    """One thread that looks after all running environments."""

    def __init__(self) -> None:
        """Start the thread."""
        self._lock = threading.Lock()
        self._running: set[Governed] = set()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="governor", daemon=True)
        self._thread.start()

    def begin(self, governed: Governed, *, throttle: bool) -> None:
        """Look after an environment from now on."""
        governed.begin(time.monotonic_ns(), throttle=throttle)
        with self._lock:
            self._running.add(governed)
        self._wake()

    def end(self, governed: Governed) -> None:
        """Stop looking, and let the environment go if it was throttled."""
        with self._lock:
            self._running.discard(governed)
            governed.group.release(Hold.THROTTLED)

    def close(self) -> None:
        """End the thread."""
        self._closing = True
        self._wake()
        self._thread.join()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # the pipe is full of wake-up calls already
            os.write(self._wake_write, b"x")

    def _run(self) -> None:
        while not self._closing:
            with self._lock:
                due = min((governed.due for governed in self._running), default=None)
            timeout = None if due is None else max(0.0, (due - time.monotonic_ns()) / 1e9)
            woken, _, _ = select.select([self._wake_read], [], [], timeout)
            if woken:
                os.read(self._wake_read, 4096)
            with self._lock:
                now = time.monotonic_ns()
                for governed in [each for each in self._running if each.due <= now]:
                    governed.check(now)
