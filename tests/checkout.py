"""A copy of labsupport with notebooks of a test's own, and its command line as a real process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = Path(__file__).parent / "files"


class Checkout:
    """The lab in a folder with a trying name: spaces, and braces, which papermill would fill in."""

    def __init__(self, folder: Path, *, home: Path | None = None, owner: str | None = None) -> None:
        self.root = folder / "my {course} 1"
        self.home = home or folder / "home"
        self.notebooks = self.root / "notebooks"
        self.build = self.root / "build"
        self.notebooks.mkdir(parents=True)
        shutil.copytree(ROOT / "labsupport", self.root / "labsupport")  # with its bytecode
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "LAB_", "JUPYTER_"))
        }
        self.environ = {**kept, "LAB_HOME": str(self.home), "PYTHONPATH": str(self.root)}
        if owner is not None:
            self.environ["LAB_OWNER"] = owner

    def add(self, file: str, name: str | None = None) -> None:
        """Copy a notebook of tests/files into the course, under another name if one is given."""
        shutil.copy(FILES / file, self.notebooks / (name or file))

    def lab(
        self, *words: str, timeout_seconds: float = 120, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the command line to its end."""
        return subprocess.run(
            self.command(*words),
            cwd=self.root,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
        )

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """Start the command line; what it prints, on both streams, can be read from stdout."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.root,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "labsupport", *words]
