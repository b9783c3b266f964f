"""Checks of the Python environment: version, packages, kernel, pip, tools that Lambda needs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement

from labsupport.commands.doctor.finding import Finding, failed, passed, warned
from labsupport.settings import Settings

OLDEST, NEWEST = (3, 11), (3, 14)
PROJECT_NAME = "serverless-lab"
LOCK_FILE = "requirements.lock"
PROCESS_DEADLINE_SECONDS = 30
REBUILD = (
    "Delete the folder .venv and run `./lab doctor` again, which makes it anew. "
    "In an environment of your own: `pip install -e .`"
)


def python_version(settings: Settings) -> Finding:
    """Check for a Python that is a Lambda runtime too."""
    version = platform.python_version()
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return passed(f"Python {version}")
    return failed(
        f"Python {version}", "Install Python 3.11, 3.12, 3.13 or 3.14, then delete .venv and run ./lab."
    )


def packages(settings: Settings) -> Finding:
    """Check that the project and all that it needs is installed: as locked, or in ranges outside of .venv."""
    try:
        ranges = importlib.metadata.requires(PROJECT_NAME) or []
    except importlib.metadata.PackageNotFoundError:
        return failed(f"{PROJECT_NAME} itself is not installed in {sys.prefix}", REBUILD)
    lock = settings.project / LOCK_FILE
    is_locked = Path(sys.prefix) == settings.project / ".venv" and lock.exists()
    wrong = differences(locked(lock) if is_locked else ranges)
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        return failed(f"packages are not as they should be: {', '.join(wrong[:3])}{more}", REBUILD)
    return passed(f"all packages are as in {LOCK_FILE if is_locked else 'pyproject.toml'}, in {sys.prefix}")


def locked(lock: Path) -> list[str]:
    """Return the requirements of a lock: its lines but for the hashes and comments."""
    lines = (line.removesuffix("\\").strip() for line in lock.read_text().splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def differences(requirements: Iterable[str]) -> list[str]:
    """Return how the environment differs from each requirement that it doesn't meet."""
    return list(filter(None, map(_difference, requirements)))


def _difference(requirement_text: str) -> str | None:
    requirement = Requirement(requirement_text)
    if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
        return None
    try:
        installed = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{requirement.name} is missing"
    if requirement.specifier.contains(installed, prereleases=True):
        return None
    return f"{requirement.name} {installed} instead of {requirement.specifier}"


def kernel(settings: Settings) -> Finding:
    """Check that JupyterLab's kernel python3 is this Python, not another one's on this machine."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # as `./lab open` sets it
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return failed("Jupyter has no kernel python3", REBUILD)
    if _is_this_python(spec.argv[0]):
        return passed("the kernel python3 is this Python")
    return failed(
        f"the kernel python3 runs another Python: {spec.argv[0]}",
        f"Remove the kernel in {spec.resource_dir}, or unset JUPYTER_PATH.",
    )


def _is_this_python(program: str) -> bool:
    if program in ("python", f"python{sys.version_info[0]}"):
        return True  # Jupyter puts its own interpreter there
    # Not the files that the links lead to: two virtual environments may share one.
    return Path(program).parent == Path(sys.executable).parent


def runtime_client(settings: Settings) -> Finding:
    """Check for AWS's Lambda runtime client."""
    if importlib.util.find_spec("awslambdaric") is not None:
        version = importlib.metadata.version("awslambdaric")
        return passed(f"awslambdaric {version}, AWS's Lambda runtime client")
    if sys.platform == "linux":
        return failed("awslambdaric, AWS's Lambda runtime client, is missing", REBUILD)
    return warned(
        "AWS has a Lambda runtime client for Linux only", "Nothing to do: a pure Python one stands in."
    )


def base_python(settings: Settings) -> Finding:
    """Check that the Python below the virtual environment runs alone: functions run on it."""
    program = os.path.realpath(sys.executable)
    code = "import platform, ssl, ctypes; print(platform.python_version())"
    answer = _run([program, "-S", "-s", "-c", code])
    if answer.returncode:
        reinstall = "Reinstall Python, then delete .venv and run `./lab doctor` again."
        return failed(f"{program}, on which functions run, fails: {_last_line(answer.stderr)}", reinstall)
    return passed(f"functions run on {program}, Python {answer.stdout.strip()}")


def pip(settings: Settings) -> Finding:
    """Check for pip, which builds the Lambda layers."""
    if importlib.util.find_spec("pip") is None:
        return failed("pip is missing, so no Lambda layer can be built", REBUILD)
    return passed(f"pip {importlib.metadata.version('pip')} builds the Lambda layers")


def package_index(settings: Settings) -> Finding:
    """Ask pip's package index for one package. Only with --online."""
    pip_options = ["--disable-pip-version-check", "--retries", "0", "--timeout", "10"]
    answer = _run([sys.executable, "-m", "pip", "index", "versions", "pillow", *pip_options])
    if answer.returncode:
        look = "Check the network, and the index that `pip config list` names."
        return failed(f"pip can't reach its package index: {_last_line(answer.stderr)}", look)
    return passed("pip reaches its package index")


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program. One that can't be started or doesn't end has failed, with the reason as its message."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=PROCESS_DEADLINE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]
