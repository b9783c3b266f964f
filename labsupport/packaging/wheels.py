"""Wheels for a chosen Python and platform, installed by pip into a directory.

pip uses the learner's own configuration: index, proxy, certificates. What it says is kept as the error's
detail; the error itself says it in plain words.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from labsupport.errors import LabError

PIP_TIMEOUT_SECONDS = 600
DETAIL_LINES = 12
WHEEL_ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}
OLDEST_MANYLINUX = 5
LEGACY_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
NETWORK_SIGNS = (
    "connection broken by",
    "Failed to establish a new connection",
    "Max retries exceeded",
    "Temporary failure in name resolution",
    "Name or service not known",
    "Read timed out",
    "ReadTimeoutError",
    "ProxyError",
)
NO_SPACE_SIGNS = ("No space left on device", "Disk quota exceeded")
MADE_BY_THE_INSTALLATION = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


def lambda_platform(python_version: str, architecture: str = "x86_64") -> str:
    """Return the wheel platform of Lambda's runtime for this Python, such as "manylinux_2_34_x86_64".

    `architecture` is AWS's name: x86_64 or arm64. Python 3.11 runs on Amazon Linux 2 (glibc 2.26), later
    ones on Amazon Linux 2023 (glibc 2.34). A wheel for a newer glibc doesn't load there.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    """
    minor = int(python_version.split(".")[1])
    glibc_minor = 26 if minor <= 11 else 34
    return f"manylinux_2_{glibc_minor}_{WHEEL_ARCHITECTURES[architecture]}"


def install_wheels(
    requirements: Path,
    directory: Path,
    *,
    python_version: str,
    platform: str | None,
    scratch: Path,
    doing: str,
) -> None:
    """Install the wheels that a requirements file names, and nothing that depends on this machine.

    `platform` is a wheel platform tag, or None for this machine. `scratch` takes pip's temporary files.

    Raises:
        LabError: pip can't be run, reaches no package index, finds no fitting wheel or fills the disk.
    """
    command = [sys.executable, "-m", "pip", "install", "--requirement", str(requirements)]
    command += ["--target", str(directory), "--no-user", "--no-compile", "--no-input"]
    # Never a source package: it would be compiled for this machine, or not at all.
    command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", python_version]
    for tag in compatible_platforms(platform) if platform else ():
        command += ["--platform", tag]
    # pip speaks of a broken connection only when it tries again.
    command += ["--retries", "2"]
    environment = {
        **os.environ,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_QUIET": "0",  # its messages tell us why it failed
        "TMPDIR": str(scratch),  # pip unpacks there first; elsewhere a killed pip leaves that behind
    }
    finished = _run(command, environment, doing)
    if finished.returncode:
        wanted = f"Python {python_version} on {platform or 'this machine'}"
        raise _explained(finished.stderr, doing, wanted, requirements)
    _remove_traces_of_the_installation(directory)


def compatible_platforms(platform: str) -> list[str]:
    """Return the platform and the older ones whose wheels run on it, as pip's --platform needs them.

    A newer glibc runs what was built for an older one (PEP 600), but pip takes a tag for itself alone.
    """
    match = re.fullmatch(r"manylinux(?:_2_(\d+)|(2014))_(\w+)", platform)
    if not match:
        return [platform]
    newest, architecture = int(match[1] or 17), match[3]
    tags = []
    for minor in range(newest, OLDEST_MANYLINUX - 1, -1):
        tags.append(f"manylinux_2_{minor}_{architecture}")
        if minor in LEGACY_NAMES:
            tags.append(f"{LEGACY_NAMES[minor]}_{architecture}")
    return tags


def _run(command: list[str], environment: Mapping[str, str], doing: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=PIP_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(
            doing=doing,
            cause=f"pip did not finish within {PIP_TIMEOUT_SECONDS // 60} minutes.",
            next_step="Check the network connection and run this step again.",
        ) from error


def _explained(stderr: str, doing: str, wanted: str, requirements: Path) -> LabError:
    """Say what pip's messages mean. The order matters: without a network pip finds no wheel either."""
    cause = f"pip failed. {_first_error(stderr)}".rstrip()
    next_step = "Read pip's messages below. They name the package and the reason."
    missing = re.search(r"No matching distribution found for (\S+)", stderr)
    if "No module named pip" in stderr:
        cause = f"This Python has no pip: {sys.executable}."
        next_step = "Delete the folder .venv and run ./lab again, which sets it up anew."
    elif any(sign in stderr for sign in NO_SPACE_SIGNS):
        cause = "The disk is full: pip had no space left for the packages."
        next_step = "Free some disk space, then run this step again."
    elif any(sign in stderr for sign in NETWORK_SIGNS):
        cause = "pip reached no package index. There is no network connection, or a proxy is in the way."
        next_step = "Check the connection (pip uses its usual configuration), then run this step again."
    elif missing:
        cause = f"There is no wheel of {missing[1]} for {wanted}."
        next_step = f"Choose another version in {requirements}, or another Python or platform."
    last_lines = "\n".join(stderr.strip().splitlines()[-DETAIL_LINES:])
    return LabError(doing=doing, cause=cause, next_step=next_step, detail=last_lines or None)


def _first_error(stderr: str) -> str:
    errors = (line.removeprefix("ERROR: ") for line in stderr.splitlines() if line.startswith("ERROR: "))
    return next(errors, "")


def _remove_traces_of_the_installation(directory: Path) -> None:
    """Remove what differs from one installation of the same wheels to the next. Nothing imports it."""
    # Console scripts start with this machine's path of Python, and a layer's are on no path.
    shutil.rmtree(directory / "bin", ignore_errors=True)
    for name in MADE_BY_THE_INSTALLATION:
        for file in directory.glob(f"*.dist-info/{name}"):
            file.unlink()
