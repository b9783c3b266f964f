"""What a learner did: one line of JSON for each thing, in a file that only grows.

A line is written in one piece and forced to the disk before the call returns. So several notebooks may write
at once, and a crash costs at most the line that was being written: a line that can't be read is skipped.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labsupport.errors import LabError

Event = dict[str, Any]


class Progress:
    """A learner's file of events. Each has "at" (ISO 8601, UTC), "kind" and its own facts."""

    def __init__(self, path: Path) -> None:
        """Keep events in `path`; the file is made with the first one."""
        self.path = path

    def record(self, kind: str, **facts: Any) -> Event:
        """Append an event, and return it once it is on the disk.

        Raises:
            LabError: it can't be written.
        """
        event = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "kind": kind, **facts}
        line = json.dumps(event, ensure_ascii=False, default=str).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, (b"" if _ends_well(descriptor) else b"\n") + line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise LabError(
                doing="keeping your progress",
                cause=f"{self.path} can't be written: {error.strerror or error}.",
                next_step="Free some disk space or correct the folder's permissions, and do it again.",
            ) from error
        return event

    def events(self, *kinds: str) -> list[Event]:
        """Return the events of these kinds, oldest first; all of them without a kind."""
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        read = (_read(line) for line in lines)
        return [event for event in read if event and (not kinds or event["kind"] in kinds)]

    def latest(self, kind: str, **facts: Any) -> Event | None:
        """Return the newest event of a kind with these facts, or None."""
        for event in reversed(self.events(kind)):
            if all(event.get(name) == value for name, value in facts.items()):
                return event
        return None


def _ends_well(descriptor: int) -> bool:
    """Tell whether the file ends with a whole line: a crash may have left half of one."""
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def _read(line: str) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and {"at", "kind"} <= event.keys() else None
