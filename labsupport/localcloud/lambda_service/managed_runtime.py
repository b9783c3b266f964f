"""The managed runtime: what AWS puts into a Python function's environment, and nothing else.

A directory of symbolic links to the installed distributions that AWS's Python runtimes ship. Pillow is
installed beside them on this machine, and is not linked: importing it without a layer fails here as it
fails on AWS.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path, PurePath

from labsupport.localcloud.lambda_service import host

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


def contents() -> dict[str, Path]:
    """Return {name in /var/runtime: the installed file or folder}."""
    found: dict[str, Path] = {}
    for name in DISTRIBUTIONS:
        distribution = importlib.metadata.distribution(name)
        tops = {
            PurePath(file).parts[0] for file in distribution.files or () if not str(file).startswith("..")
        }
        for top in tops - {"__pycache__"}:
            if not top.endswith((".dist-info", ".egg-info")):
                found[top] = Path(str(distribution.locate_file(top))).resolve()
    if not host.HAS_NATIVE_RUNTIME_CLIENT:
        found = {name: real for name, real in found.items() if not name.startswith("runtime_client.")}
        found["runtime_client.py"] = Path(__file__).parent / "inside" / "runtime_client.py"
    return found


def build(directory: Path) -> Path:
    """Make the directory of links, for hosts where no namespace shows the files in their place."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, real in contents().items():
        link = directory / name
        if not link.is_symlink():
            link.symlink_to(real)
    return directory


def runtime_version(runtime: str) -> str:
    """Return the name that INIT_START gives to a runtime: "python:3.11.lab" for "python3.11"."""
    return runtime.replace("python", "python:") + ".lab"
