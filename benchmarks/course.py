"""The whole course, unattended, on a fresh cloud."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, seconds


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as directory:
        environment = os.environ | {"LAB_HOME": str(Path(directory) / "home")}

        def lab(*arguments: str) -> None:
            command = [sys.executable, "-m", "labsupport", *arguments]
            subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)

        try:
            output = str(Path(directory) / "build")
            yield Figure("The course, first run", seconds(lambda: lab("run", "--output", output)))
            yield Figure("The course, layer in the cache", seconds(lambda: lab("run", "--output", output)))
        finally:
            lab("stop")
