"""What a function sees of the machine.

Where the kernel allows user namespaces: /var/task, /opt and /var/runtime under their real names and
read-only, a /tmp of its own with the size that the function asks for, no home directories, and of /dev and
/etc what runtimes need (`inside/namespace.py`). Elsewhere: plain directories and a clean environment. The
paths in a traceback are the host's then, and the temporary folder has no limit but the disk's.

Known cost: what lies in /tmp is in the host's memory. It doesn't count as the function's, unless the
function maps a file.
"""

from __future__ import annotations

import enum
import json
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labsupport.localcloud.lambda_service import host
from labsupport.localcloud.lambda_service.function import Function
from labsupport.localcloud.lambda_service.runtimes import Runtimes
from labsupport.localcloud.lambda_service.runtimes.python import INSIDE, base_interpreter
from labsupport.localcloud.lambda_service.runtimes.runtime import Runtime

PROBE_DEADLINE_SECONDS = 10
PROBE_TMP_MB = 1
# What the dynamic linker, the C library and Python act on before a program's first line. From a function's
# own variables they must not act outside of its walls.
_ACTS_AT_START = re.compile(r"LD_|GLIBC_TUNABLES$|GCONV_PATH$|LOCPATH$|MALLOC_|PYTHON")
_PLACES = re.compile(r"(?<![^:])(/var/task|/opt|/var/runtime|/var/lang)(?=[/:]|$)")


class Walls(enum.Enum):
    """What separates a function from the machine. The value says so in words."""

    NONE = "plain directories"
    FILES = "user namespaces"
    FILES_AND_PROCESSES = "user and process namespaces"


@dataclass(frozen=True)
class Place:
    """Where one environment's files are on the host, and what keeps its namespaces.

    Attributes:
        task: the function's unpacked code.
        opt: its unpacked layers.
        home: a folder for what is the environment's own.
        tmp_mb: the size of /tmp.
        kept: both ends of a socket pair. The environment's first process puts its namespaces into it, and
            later ones look them up there: so they outlive a reset. Unused without namespaces.
    """

    task: Path
    opt: Path | None
    home: Path
    tmp_mb: int
    kept: tuple[socket.socket, socket.socket]

    @classmethod
    def make(cls, home: Path, *, task: Path, opt: Path | None, tmp_mb: int) -> Place:
        """Make the folders below `home`."""
        home.chmod(0o755)
        for name in ("tmp", "root"):
            (home / name).mkdir()
        return cls(task=task, opt=opt, home=home, tmp_mb=tmp_mb, kept=socket.socketpair())

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What a process of the environment inherits."""
        return tuple(end.fileno() for end in self.kept)

    def remove(self) -> None:
        """Let go of the namespaces, and of /tmp with them, and delete the files."""
        for end in self.kept:
            end.close()
        shutil.rmtree(self.home, ignore_errors=True)


class Sandbox:
    """Make the command line and the variables that put a process into its place."""

    def __init__(self, directory: Path, *, walls: Walls | None = None) -> None:
        """Put up the walls that the host allows, or those that are asked for."""
        self._directory = directory
        self._runtimes = Runtimes()
        self.walls = self._highest_walls() if walls is None else walls

    @property
    def namespaces(self) -> bool:
        """Whether a function has files of its own."""
        return self.walls is not Walls.NONE

    @property
    def hides_processes(self) -> bool:
        """Whether a function sees its own processes only."""
        return self.walls is Walls.FILES_AND_PROCESSES

    def runtime(self, function: Function) -> Runtime:
        """Return what runs a function.

        Raises:
            InitFailure: nothing on this machine does.
        """
        return self._runtimes.find(function.runtime)

    def command(self, function: Function, place: Place) -> list[str]:
        """Return the command line: -S and -s keep the host's packages out, PYTHONPATH still works.

        Raises:
            InitFailure: nothing on this machine runs the function.
        """
        runtime = self.runtime(function)
        theirs = [self._here(part, runtime, place) for part in runtime.command(function)]
        return [str(base_interpreter()), "-S", "-s", str(INSIDE / "bootstrap.py"), *theirs]

    def variables(self, function: Function, place: Place, variables: Mapping[str, str]) -> dict[str, str]:
        """Return an environment's variables as its processes get them, the runtime's own among them.

        Raises:
            InitFailure: nothing on this machine runs the function.
        """
        runtime = self.runtime(function)
        wanted = {**runtime.variables(function), **variables}
        if self.namespaces:
            held = {name: wanted.pop(name) for name in function.environment if _ACTS_AT_START.match(name)}
            return {**wanted, "_LAB_NAMESPACE": self._specification(runtime, place, self.walls, held)}
        for name in {"PATH", "NODE_PATH", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"} & wanted.keys():
            wanted[name] = self._here(wanted[name], runtime, place)
        return {**wanted, "_LAB_OPT": str(self._opt(place)), "TMPDIR": str(place.home / "tmp")}

    def _here(self, text: str, runtime: Runtime, place: Place) -> str:
        """Replace Lambda's folders by those that stand in for them where there is no namespace."""
        if self.namespaces:
            return text
        places = {
            "/var/task": place.task,
            "/opt": self._opt(place),
            "/var/runtime": _link(runtime.contents, self._directory / "runtime" / runtime.family),
            "/var/lang": _link(runtime.programs, self._directory / "lang" / runtime.family / "bin").parent,
        }
        return _PLACES.sub(lambda found: str(places[found[0]]), text)

    def _opt(self, place: Place) -> Path:
        return place.opt or self._directory / "no-layers"

    def _specification(self, runtime: Runtime, place: Place, walls: Walls, held: Mapping[str, str]) -> str:
        ours = self._runtimes.find("python").needs  # for inside/bootstrap.py, whatever it becomes
        return json.dumps(
            {
                "root": str(place.home / "root"),
                "task": str(place.task),
                "opt": str(place.opt) if place.opt else None,
                "tmp_mb": place.tmp_mb,
                "kept": place.descriptors,
                "processes": walls is Walls.FILES_AND_PROCESSES,
                "held": held,
                "init": str(INSIDE) if held else None,
                "runtime": {name: str(real) for name, real in runtime.contents.items()},
                "lang": {name: str(real) for name, real in runtime.programs.items()},
                "host": [str(path) for path in dict.fromkeys([*ours, *runtime.needs])],
            }
        )

    def _highest_walls(self) -> Walls:
        """Try it: distributions forbid namespaces in more ways than can be asked about.

        Where parts of /proc are masked, as in many containers, the kernel allows no /proc of our own.
        """
        if not host.IS_LINUX:
            return Walls.NONE
        return next(filter(self._stand, (Walls.FILES_AND_PROCESSES, Walls.FILES)), Walls.NONE)

    def _stand(self, walls: Walls) -> bool:
        home = Path(tempfile.mkdtemp(dir=self._directory, prefix="probe-"))
        place = Place.make(home, task=home, opt=None, tmp_mb=PROBE_TMP_MB)
        command = [str(base_interpreter()), "-S", "-s", str(INSIDE / "namespace.py")]
        command.append(self._specification(self._runtimes.find("python"), place, walls, held={}))
        try:
            tried = subprocess.run(
                command,
                env={},
                capture_output=True,
                timeout=PROBE_DEADLINE_SECONDS,
                pass_fds=place.descriptors,
            )
        except subprocess.TimeoutExpired:
            return False
        finally:
            place.remove()
        return tried.returncode == 0


def _link(contents: Mapping[str, Path], directory: Path) -> Path:
    """Make a folder of links, once."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, real in contents.items():
        link = directory / name
        if not link.is_symlink():
            link.symlink_to(real)
    return directory
