"""The governor's arithmetic, on processes that are made up: no load of this machine can disturb it."""

from __future__ import annotations

import pytest

from labsupport.localcloud.lambda_service.governor import Governed
from labsupport.localcloud.lambda_service.process_group import Hold, ProcessGroup

MS = 1_000_000
STEP_NS = MS // 10
NOBODY = 2**30
"""No process has this number: a group that is killed takes all descendants of its leader with it."""


class MadeUpGroup(ProcessGroup):
    """A group that no process is in."""

    def __init__(self) -> None:
        super().__init__(NOBODY)
        self.stops = 0

    def _signal(self, number: int) -> None:
        self.stops += self.held is Hold.NONE


class MadeUpMachine:
    """Four cores, and processes that use one each as long as they may. They need no memory."""

    CORES = 4

    def __init__(self, busy: int) -> None:
        self.used = dict.fromkeys((NOBODY + number for number in range(busy)), 0)
        self.resident = dict.fromkeys(self.used, 0)

    def cpu_ns(self, pid: int) -> int:
        return self.used[pid]

    def resident_bytes(self, pid: int) -> int:
        return self.resident[pid]

    def descendants(self, pid: int) -> list[int]:
        return [other for other in self.used if other != pid]


def run(memory_mb: int, busy: int, *, late_ns: int = 0, seconds: float = 5) -> tuple[float, int, MadeUpGroup]:
    """Let time pass. Returns the CPU time used a second, the checks a second, and the group."""
    machine, group = MadeUpMachine(busy), MadeUpGroup()
    governed = Governed(group, memory_mb, lambda: None, machine)
    governed.begin(0, throttle=True)
    end, checks = int(seconds * 1e9), 0
    for now in range(0, end, STEP_NS):
        if now >= governed.due + late_ns:
            governed.check(now)
            checks += 1
        if group.held is Hold.NONE:
            for pid in machine.used:
                machine.used[pid] += STEP_NS
    return sum(machine.used.values()) / end, int(checks / seconds), group


@pytest.mark.parametrize("late_ns", [0, 3 * MS], ids=["on time", "late"])
@pytest.mark.parametrize(
    ("memory_mb", "busy"),
    [(128, 1), (442, 1), (442, 3), (1769, 2), (1769, 4), (2000, 2), (3000, 2), (3008, 4), (5307, 4)],
)
def test_cpu_time_is_the_share(memory_mb: int, busy: int, late_ns: int) -> None:
    used, _, _ = run(memory_mb, busy, late_ns=late_ns)
    assert used == pytest.approx(memory_mb / 1769, rel=0.03, abs=0.01)


@pytest.mark.parametrize("late_ns", [0, 3 * MS], ids=["on time", "late"])
@pytest.mark.parametrize("memory_mb", [1769, 2000, 10_240])
def test_one_thread_is_never_stopped_from_one_vcpu_on(memory_mb: int, late_ns: int) -> None:
    used, checks, group = run(memory_mb, 1, late_ns=late_ns)
    assert used == 1.0
    assert group.stops == 0
    assert checks <= 51, "no more often than memory is looked at: every 20 ms"


def test_a_share_of_every_core_is_not_watched() -> None:
    used, checks, group = run(4 * 1769, 4)
    assert used == 4.0 and group.stops == 0 and checks <= 51


def test_time_that_was_not_used_is_not_saved() -> None:
    machine, group = MadeUpMachine(2), MadeUpGroup()
    governed = Governed(group, 1769, lambda: None, machine)
    governed.begin(0, throttle=True)
    for now in range(0, 1000 * MS, 20 * MS):
        governed.check(now)
    before = sum(machine.used.values())
    for now in range(1000 * MS, 2000 * MS, STEP_NS):
        if now >= governed.due:
            governed.check(now)
        if group.held is Hold.NONE:
            for pid in machine.used:
                machine.used[pid] += STEP_NS
    assert sum(machine.used.values()) - before <= 1060 * MS, "a second of idling before it counts for nothing"


def test_a_child_that_could_fill_the_memory_is_noticed_in_time() -> None:
    machine, group, killed = MadeUpMachine(1), MadeUpGroup(), []
    governed = Governed(group, 2048, lambda: killed.append(now), machine)
    governed.begin(0, throttle=True)
    machine.resident[NOBODY] = 1988 << 20  # 60 MB are left: 15 ms at the fastest
    for now in range(0, 300 * MS, STEP_NS):
        if now == 150 * MS:
            machine.used[NOBODY + 1], machine.resident[NOBODY + 1] = 0, 0
        if now > 150 * MS:
            machine.resident[NOBODY + 1] += STEP_NS * 4
        if now >= governed.due:
            governed.check(now)
        if killed:
            break
    over = sum(machine.resident.values()) - (2048 << 20)
    assert killed and over <= 5 << 20


@pytest.mark.parametrize("pid", [-1, 0, 1])
def test_a_number_that_means_many_processes_leads_no_environment(pid: int) -> None:
    with pytest.raises(ValueError, match="leads no environment"):
        ProcessGroup(pid)
