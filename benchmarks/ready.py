"""From nothing to a local cloud that answers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, median_seconds, seconds
from labsupport.localcloud import supervisor


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory) / "home"

        def restart() -> None:
            supervisor.stop(home)
            nonlocal started
            started.append(seconds(lambda: supervisor.start(home)))

        started: list[float] = []
        median_seconds(restart, 5)
        yield Figure("Local cloud ready", sorted(started)[2])
        yield Figure("Finding the running cloud", median_seconds(lambda: supervisor.find(home), 20))
        supervisor.stop(home)
