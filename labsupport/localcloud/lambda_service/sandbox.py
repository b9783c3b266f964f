"""What a function sees of the machine.

Where the kernel allows user namespaces: /var/task, /opt and /var/runtime under their real names and
read-only, a /tmp of its own, no home directories (`inside/namespace.py`). Elsewhere: plain directories
and a clean environment, and the paths in a traceback are the host's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from labsupport.localcloud.lambda_service import host, managed_runtime

INSIDE = Path(__file__).parent / "inside"
PROBE_DEADLINE_SECONDS = 10


def base_interpreter() -> str:
    """Return the interpreter itself, not the virtual environment's link to it: its packages stay out."""
    return os.path.realpath(sys.executable)


@dataclass(frozen=True)
class Place:
    """Where one environment's files are on the host."""

    task: Path
    opt: Path | None
    tmp: Path
    root: Path


class Sandbox:
    """Make the command line and the variables that put a process into its place."""

    def __init__(self, directory: Path, *, namespaces: bool | None = None) -> None:
        """Use namespaces where the host allows them, or as told."""
        self._directory = directory
        self._runtime_directory = managed_runtime.build(directory / "runtime")
        self._language_directory = _link_interpreter(directory / "lang")
        self._runtime = {name: str(real) for name, real in managed_runtime.contents().items()}
        self.namespaces = self._probe() if namespaces is None else namespaces

    @property
    def description(self) -> str:
        """Say in words what separates a function from the machine."""
        return "user namespaces" if self.namespaces else "plain directories"

    def command(self) -> list[str]:
        """Return the command line: -S and -s keep the host's packages out, PYTHONPATH still works."""
        return [base_interpreter(), "-S", "-s", str(INSIDE / "bootstrap.py")]

    def variables(self, place: Place) -> dict[str, str]:
        """Return the variables that tell the bootstrap where it is."""
        if self.namespaces:
            return {"_LAB_NAMESPACE": self._specification(place), "LAMBDA_TASK_ROOT": "/var/task"}
        return {
            "LAMBDA_TASK_ROOT": str(place.task),
            "LAMBDA_RUNTIME_DIR": str(self._runtime_directory),
            "_LAB_OPT": str(place.opt or self._directory / "no-layers"),
            "_LAB_LANG": str(self._language_directory),
            "TMPDIR": str(place.tmp),
        }

    def _specification(self, place: Place) -> str:
        return json.dumps(
            {
                "root": str(place.root),
                "task": str(place.task),
                "opt": str(place.opt) if place.opt else None,
                "tmp": str(place.tmp),
                "runtime": self._runtime,
                "python": str(Path(base_interpreter()).parents[1]),
                "interpreter": base_interpreter(),
            }
        )

    def _probe(self) -> bool:
        """Try it once: distributions forbid user namespaces in more ways than can be asked about."""
        if not host.IS_LINUX:
            return False
        with tempfile.TemporaryDirectory(dir=self._directory, prefix="probe-") as directory:
            folders = [Path(directory) / name for name in ("task", "tmp", "root")]
            for folder in folders:
                folder.mkdir()
            task, tmp, root = folders
            command = [base_interpreter(), "-I", "-S", str(INSIDE / "namespace.py")]
            command.append(self._specification(Place(task=task, opt=None, tmp=tmp, root=root)))
            try:
                tried = subprocess.run(command, capture_output=True, timeout=PROBE_DEADLINE_SECONDS)
            except subprocess.TimeoutExpired:
                return False
        return tried.returncode == 0


def _link_interpreter(directory: Path) -> Path:
    """Stand in for /var/lang, where AWS keeps the language: an extension may want its `python3`."""
    (directory / "bin").mkdir(parents=True, exist_ok=True)
    link = directory / "bin" / "python3"
    if not link.is_symlink():
        link.symlink_to(base_interpreter())
    return directory
