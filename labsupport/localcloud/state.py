"""Keep what the local cloud remembers on disk, soon after each change.

MiniStack itself saves at a graceful shutdown only. A learner closes the lid of a laptop instead. So the
state is saved within a fraction of a second after a change, in one file that is replaced atomically:
after `kill -9` the cloud comes back as it was at one moment, never as a mixture of two.

The file is a pickle of MiniStack's own state objects: layers and code are megabytes of bytes, which JSON
would blow up by a third and take a hundred times longer to write. It is private to its owner and read
only by the version of MiniStack that wrote it.
"""

from __future__ import annotations

import logging
import os
import pickle
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

# Changes come in bursts (deploying a function is a dozen calls); one save serves them all.
GATHER_SECONDS = 0.25
# MiniStack copies its whole history for a save: after thousands of invocations that takes long, and requests
# wait meanwhile. So it rests for this many times as long as it has worked.
REST_FACTOR = 9
STATE_FILE = "cloud.pickle"


class StateKeeper:
    """Save a mapping of states whenever something changed."""

    def __init__(self, directory: Path, version: str, collect: Callable[[], Mapping[str, Any]]) -> None:
        """Keep states in `directory`; `collect` returns {service: state} as of now."""
        self._path = directory / STATE_FILE
        self._version = version
        self._collect = collect
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="state-keeper", daemon=True)

    def load(self) -> Mapping[str, Any]:
        """Return what was saved last, or {} for a new lab.

        A file that can't be read is put aside, not deleted, and the log says so.
        """
        try:
            saved = pickle.loads(self._path.read_bytes())
            if saved["version"] != self._version:
                raise ValueError(f"it was written by MiniStack {saved['version']}, this is {self._version}")
            states: Mapping[str, Any] = saved["states"]
            return states
        except FileNotFoundError:
            return {}
        except Exception as error:
            aside = self._path.with_suffix(".unreadable")
            os.replace(self._path, aside)
            logger.error(
                "The saved state can't be used (%s). It is kept as %s; starting empty.", error, aside
            )
            return {}

    def start(self) -> None:
        """Start saving in the background."""
        self._thread.start()

    def note_change(self) -> None:
        """Say that something may have changed. Costs nothing."""
        self._changed.set()

    def stop(self) -> None:
        """Save a last time and end the thread."""
        self._stopping.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join()
        self.save()

    def save(self) -> None:
        """Save now: written aside, then put in place."""
        aside = self._path.with_suffix(".writing")
        try:
            content = pickle.dumps({"version": self._version, "states": dict(self._collect())}, protocol=5)
            with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
            os.replace(aside, self._path)
        except RuntimeError:
            # A request changed a dictionary while it was being read. Once more, shortly.
            self._changed.set()
        except OSError as error:
            logger.error("The state could not be saved (%s). Free some disk space.", error)

    def _run(self) -> None:
        pause_seconds = GATHER_SECONDS
        while not self._stopping.is_set():
            self._changed.wait()
            self._stopping.wait(pause_seconds)
            self._changed.clear()
            begun = time.thread_time()
            self.save()
            pause_seconds = max(GATHER_SECONDS, REST_FACTOR * (time.thread_time() - begun))
