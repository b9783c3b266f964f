"""Run the lab's own tests with pytest.

Every argument is handed to pytest: `./lab test tests/unit -k tape`. Without arguments the whole suite runs,
five files at a time on two cores: notebooks wait more than half of their time.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys

from labsupport.errors import LabError
from labsupport.settings import Settings

WHOLE_SUITE = ["-n", "5", "--dist", "loadfile"]
"""A file's tests stay in one process: the cells of a notebook under nbval depend on each other."""

PASSES_ARGUMENTS_ON = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no options of our own, and show in the help that pytest's are taken."""
    parser.usage = "./lab test [pytest arguments]"


def run(arguments: argparse.Namespace) -> int:
    """Become pytest, in the project's folder. Returns only when that is impossible."""
    if importlib.util.find_spec("pytest") is None:
        raise LabError(
            doing="running the lab's tests",
            cause="pytest is not installed in this environment.",
            next_step="Run `./lab test`, which installs it, or `pip install -e '.[test]'` here.",
        )
    os.chdir(Settings.from_environment().project)
    command = [sys.executable, "-m", "pytest", *(arguments.others or WHOLE_SUITE)]
    os.execv(command[0], command)
