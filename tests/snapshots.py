"""The local cloud as it was after each cell of a notebook: what a kernel that is killed there leaves behind.

A start-up file of IPython copies the cloud's saved state after each cell. Each copy can be started again as
a cloud of its own, with the same account and keys. What is left there is asked of AWS's own APIs, too, so
that the inventory isn't its own judge.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from labsupport.inventory import inventory
from labsupport.localcloud import supervisor
from labsupport.localcloud.record import CloudRecord
from labsupport.localcloud.state import STATE_FILE
from labsupport.settings import Settings
from labsupport.target import Target, connect
from labsupport.teardown import teardown
from tests.account import everything_on
from tests.checkout import ROOT

STARTUP = """
import sys
sys.path.append({root!r})
from pathlib import Path
from tests.snapshots import take_after_each_cell
take_after_each_cell(get_ipython(), Path({home!r}), Path({folder!r}))
"""
SAVED_WITHIN_SECONDS = 60


def snapshots_in(folder: Path, home: Path) -> dict[str, str]:
    """Return the environment in which every kernel keeps a snapshot of a lab's home after each cell."""
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    text = STARTUP.format(root=str(ROOT), home=str(home), folder=str(folder))
    (startup / "00_snapshots.py").write_text(text, encoding="utf-8")
    return {"IPYTHONDIR": str(folder / "ipython")}


def take_after_each_cell(shell: Any, home: Path, folder: Path) -> None:
    """Copy the cloud's state after each cell, in the kernel itself, as folder/NNN."""

    def take(result: Any) -> None:
        take_snapshot(home, folder / f"{shell.execution_count:03}")

    shell.events.register("post_run_cell", take)


def take_snapshot(home: Path, to: Path) -> None:
    """Copy what a cloud would come back with, had everybody stopped now."""
    _wait_until_saved(home)
    to.mkdir(parents=True)
    shutil.copytree(home / "state", to / "state", ignore=shutil.ignore_patterns("*.writing"))
    for name in ("account", "port", "secret"):  # the port is the same, unless somebody has it
        shutil.copy(home / name, to / name)


@contextlib.contextmanager
def restored(snapshot: Path, home: Path) -> Iterator[CloudRecord]:
    """Run a cloud that comes back with a snapshot."""
    shutil.copytree(snapshot, home)
    try:
        yield supervisor.start(home)
    finally:
        supervisor.stop(home)
        shutil.rmtree(home)


class TearDowns:
    """Tear down one snapshot after the other, and ask what is left.

    Attributes:
        found: how many things there were in each.
    """

    def __init__(self, owner: str, home: Path, *, alone: bool) -> None:
        """`home` is for the clouds that come back. `alone`: whatever is on these clouds is the owner's."""
        self.found: list[int] = []
        self._owner, self._home, self._alone = owner, home, alone
        self._targets: dict[str, Target] = {}  # by address, which stays the same: making clients takes long

    def tear_down(self, snapshot: Path) -> None:
        """Start a cloud of this state, tear down, and require that nothing is left."""
        with restored(snapshot, self._home) as record:
            if record.url not in self._targets:
                settings = replace(Settings.from_environment({}), home=self._home, owner=self._owner)
                self._targets[record.url] = connect(settings, start_cloud=lambda home: record)
            target = self._targets[record.url]
            self.found.append(len(self._there(target)))
            report = teardown(target, late_log_seconds=0)
            assert (report.failed, report.left) == ([], []), snapshot
            assert [inventory(target), inventory(target)] == [[], []], snapshot
            assert self._there(target) == [], snapshot

    def _there(self, target: Target) -> list[str]:
        found = everything_on(target)
        return found if self._alone else [each for each in found if f"lab-{self._owner}-" in each]


def _wait_until_saved(home: Path) -> None:
    """Wait for two saves, each caused by a request of ours: the second one began after all that was before.

    The first may have been under way already. A request that is refused changes nothing, and is saved too.
    """
    record, state = CloudRecord.read(home), home / "state" / STATE_FILE
    assert record is not None
    deadline = time.monotonic() + SAVED_WITHIN_SECONDS
    for _ in range(2):
        before = state.stat().st_mtime_ns if state.exists() else 0
        httpx.post(record.url, trust_env=False)
        while not state.exists() or state.stat().st_mtime_ns == before:
            assert time.monotonic() < deadline, "the local cloud doesn't save its state"
            time.sleep(0.02)
