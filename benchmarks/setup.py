"""From a checkout to a command line that answers, with cold and warm package caches."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, median_seconds, seconds

PROJECT = Path(__file__).resolve().parents[1]


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as directory:
        caches = {name: str(Path(directory) / name) for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR")}
        environment = os.environ | caches
        for what in ("nothing cached", "packages cached"):
            checkout = Path(directory) / what
            subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(checkout)], check=True)

            def lab_help(checkout: Path = checkout) -> None:
                subprocess.run(
                    [str(checkout / "lab"), "--help"], check=True, env=environment, capture_output=True
                )

            yield Figure(f"./lab --help in a new checkout, {what}", seconds(lab_help))
        yield Figure("./lab --help, set up", median_seconds(lab_help, 10))
