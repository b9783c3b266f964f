"""The Node.js runtime: the Node.js that is installed on this machine, and a runtime client of ours.

AWS's own client (the npm package aws-lambda-ric) has a part in C++ that a compiler must build, so
`inside/nodejs/` stands in for it: the same handlers, errors and log lines, in JavaScript alone. What it does
follows the runtime that a function asks for: "nodejs22.x" knows callbacks, "nodejs24.x" refuses them.

The AWS SDK for JavaScript, which AWS's runtimes contain, is not on a learner's machine: a function that
needs it brings it in its package or in a layer.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from labsupport.localcloud.lambda_service.function import Function
from labsupport.localcloud.lambda_service.runtimes.runtime import unsupported

CLIENT = Path(__file__).parents[1] / "inside" / "nodejs"
OLDEST = 18
ASK = "JSON.stringify([process.execPath, process.versions.node, [...process.allowedNodeEnvironmentFlags]])"
ASK_SECONDS = 20
# Experiments that Node.js has switched on and Lambda switches off, since which runtime. NODE_OPTIONS may
# switch them on again.
WITHHELD = {"experimental-require-module": 20, "experimental-detect-module": 22}


@dataclass(frozen=True)
class NodejsRuntime:
    """The installed Node.js.

    Attributes:
        program: the file itself, not a version manager's stand-in for it.
        installed: its version, "22.11.0".
        options: the options that it knows.
    """

    program: Path
    installed: str
    options: frozenset[str]
    family = "nodejs"

    @staticmethod
    def find() -> NodejsRuntime:
        """Ask the installed Node.js what it is.

        Raises:
            InitFailure: there is none, or it is too old.
        """
        found = shutil.which("node") or shutil.which("nodejs")
        if found is None:
            raise _unfit("there is no Node.js on this machine")
        try:
            program, installed, options = _ask(found)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise _unfit(f"{found} doesn't say which version it is: {error}") from error
        if int(installed.split(".")[0]) < OLDEST:
            raise _unfit(f"{found} is Node.js {installed}, and {OLDEST} is the oldest that will do")
        return NodejsRuntime(Path(program), installed, frozenset(options))

    def version(self, function: Function) -> str:
        """Return "nodejs:22.lab"."""
        return f"nodejs:{self.installed.split('.')[0]}.lab"

    @property
    def contents(self) -> dict[str, Path]:
        """The runtime client."""
        return {file.name: file for file in CLIENT.glob("*.mjs")}

    @property
    def programs(self) -> dict[str, Path]:
        """Node.js."""
        return {"node": self.program}

    @property
    def needs(self) -> list[Path]:
        """Itself and the libraries that some packagers put beside it; its whole prefix may be a home."""
        libraries = self.program.parents[1] / "lib"
        return [self.program, *([libraries] if libraries.is_dir() else [])]

    def variables(self, function: Function) -> dict[str, str]:
        """Return where Node.js looks for modules: in layers, and beside the function."""
        layers = f"/opt/nodejs/node{_wanted(function)}/node_modules:/opt/nodejs/node_modules"
        return {"NODE_PATH": f"{layers}:/var/runtime/node_modules:/var/runtime:/var/task"}

    def command(self, function: Function) -> list[str]:
        """Return the command line, with the options of AWS's own."""
        theirs = function.environment.get("NODE_OPTIONS", "").replace("_", "-")
        return [
            "/var/lang/bin/node",
            "--expose-gc",
            *self._options(function, theirs),
            "/var/runtime/index.mjs",
        ]

    def _options(self, function: Function, theirs: str) -> list[str]:
        options = [
            f"--no-{name}"
            for name, since in WITHHELD.items()
            if _wanted(function) >= since and f"--{name}" in self.options and f"--{name}" not in theirs
        ]
        if "--max-semi-space-size" not in theirs and "--max-old-space-size" not in theirs:
            # Otherwise V8 would put off its cleaning up, and the function would run out of memory.
            new_mb = function.memory_mb // 10
            options += [f"--max-semi-space-size={new_mb // 2}"]
            options += [f"--max-old-space-size={function.memory_mb - new_mb}"]
        return options


def _wanted(function: Function) -> int:
    """Return the version that a function asks for: 22 for "nodejs22.x"."""
    found = re.search(r"\d+", function.runtime)
    return int(found[0]) if found else OLDEST


@functools.cache
def _ask(found: str) -> tuple[str, str, list[str]]:
    """Ask it once a process: an answer is kept, a failure isn't."""
    asked = subprocess.run([found, "-p", ASK], capture_output=True, timeout=ASK_SECONDS, check=True)
    program, installed, options = json.loads(asked.stdout)
    return program, installed, options


def _unfit(cause: str) -> Exception:
    return unsupported(
        f"This function's runtime is Node.js, and {cause}. Install Node.js so that `node --version` works, "
        "then stop the local cloud with `./lab stop`, run the notebook's Setup cell, and invoke again."
    )
