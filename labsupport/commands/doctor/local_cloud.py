"""Checks of the local cloud: does it run, does it answer, has a former one left anything."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import psutil

from labsupport.commands.doctor.finding import Finding, passed, warned
from labsupport.localcloud import supervisor
from labsupport.localcloud.record import CloudRecord
from labsupport.settings import Settings


def cloud(settings: Settings) -> Finding:
    """Check that the recorded cloud answers."""
    record = CloudRecord.read(settings.home)
    if record is None:
        return passed("the local cloud is not running; it starts when it is needed")
    asked = time.monotonic()
    if supervisor.find(settings.home) is None:
        last_line = supervisor.log_tail(settings.home, 1) or "its log is empty"
        return warned(
            f"the local cloud ended unexpectedly or does not answer: {last_line}",
            f"A notebook's Setup cell starts it again, with what was built in it. Its log: {record.log_file}",
        )
    milliseconds = (time.monotonic() - asked) * 1000
    version = (supervisor.ask_health(record.url) or {}).get("ministack", "of unknown version")
    return passed(f"the local cloud answers at {record.url} in {milliseconds:.0f} ms, MiniStack {version}")


def leftovers(settings: Settings) -> Finding:
    """Look for servers and execution environments of a former cloud of this home that still run."""
    record = supervisor.find(settings.home)
    server = None if record is None else record.pid
    left = [process.pid for process in psutil.process_iter() if _is_left(process, settings.home, server)]
    if not left:
        return passed("no process of a former local cloud is left")
    pids = " ".join(map(str, left))
    return warned(f"processes of a former local cloud still run: {pids}", f"End them with: kill -9 {pids}")


def _is_left(process: psutil.Process, home: Path, server: int | None) -> bool:
    """Tell whether a process works for this home, but not for the server that runs now."""
    with contextlib.suppress(psutil.Error):  # it has ended meanwhile, or belongs to somebody else
        command = process.cmdline()
        is_server = "labsupport.localcloud.server" in command and str(home) in command
        is_environment = any(str(home / "work") in value for value in process.environ().values())
        if is_server or is_environment:
            return server not in (process.pid, *(parent.pid for parent in process.parents()))
    return False
