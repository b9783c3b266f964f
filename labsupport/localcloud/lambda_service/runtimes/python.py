"""The Python runtime: what AWS puts into a Python function's environment, and nothing else.

The installed distributions that AWS's Python runtimes ship, each by itself. Pillow is installed beside them
on this machine, and is not among them: importing it without a layer fails here as it fails on AWS.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import sys
from pathlib import Path, PurePath

from labsupport.localcloud.lambda_service import host
from labsupport.localcloud.lambda_service.function import Function

INSIDE = Path(__file__).parents[1] / "inside"
DISTRIBUTIONS = (
    "awslambdaric",
    "boto3",
    "botocore",
    "jmespath",
    "python-dateutil",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot-restore-py",
    "urllib3",
)


def base_interpreter() -> Path:
    """Return the interpreter itself, not the virtual environment's link to it: its packages stay out."""
    return Path(os.path.realpath(sys.executable))


class PythonRuntime:
    """The Python that runs this service, with AWS's runtime client and AWS's SDK."""

    family = "python"

    def version(self, function: Function) -> str:
        """Return "python:3.13.lab"."""
        return f"python:{sys.version_info.major}.{sys.version_info.minor}.lab"

    @functools.cached_property
    def contents(self) -> dict[str, Path]:
        """The installed files and folders of what AWS ships."""
        found = _installed()
        if host.HAS_NATIVE_RUNTIME_CLIENT:
            return found
        found = {name: real for name, real in found.items() if not name.startswith("runtime_client.")}
        return found | {"runtime_client.py": INSIDE / "runtime_client.py"}

    @property
    def programs(self) -> dict[str, Path]:
        """The interpreter: an extension may want its `python3`."""
        return {"python3": base_interpreter()}

    @property
    def needs(self) -> list[Path]:
        """The interpreter's prefix, with the standard library."""
        return [base_interpreter().parents[1]]

    def variables(self, function: Function) -> dict[str, str]:
        """Return where AWS's packages are."""
        return {"PYTHONPATH": "/var/runtime"}

    def command(self, function: Function) -> list[str]:
        """Return nothing: `inside/bootstrap.py` hands over to AWS's runtime client."""
        return []


@functools.cache
def _installed() -> dict[str, Path]:
    """Find them once a process: their lists of files have thousands of lines."""
    found: dict[str, Path] = {}
    for name in DISTRIBUTIONS:
        distribution = importlib.metadata.distribution(name)
        files = [file for file in distribution.files or () if not str(file).startswith("..")]
        tops = {PurePath(file).parts[0] for file in files}
        for top in tops - {"__pycache__"}:
            if not top.endswith((".dist-info", ".egg-info")):
                found[top] = Path(str(distribution.locate_file(top))).resolve()
    return found
