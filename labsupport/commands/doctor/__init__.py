"""Check this machine and this installation, and say what to do about what is wrong.

A warning names something that the lab can do without. The exit code is 1 when a check fails.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable

from labsupport.commands.doctor import environment, local_cloud, machine
from labsupport.commands.doctor.finding import Finding, Mark, failed
from labsupport.settings import Settings

Check = Callable[[Settings], Finding]

CHECKS: list[Check] = [
    environment.python_version,
    environment.packages,
    environment.kernel,
    environment.pip,
    environment.runtime_client,
    environment.base_python,
    machine.folders,
    machine.disk,
    machine.ports,
    machine.namespaces,
    machine.browser,
    local_cloud.cloud,
    local_cloud.leftovers,
]
ONLINE_CHECKS: list[Check] = [environment.package_index]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--online", action="store_true", help="also ask pip's package index, over the network"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the checks, print what each found, and return the exit code."""
    marks = examine(CHECKS + (ONLINE_CHECKS if arguments.online else []), Settings.from_environment())
    counts = ", ".join(f"{marks[mark]} {mark}" for mark in Mark)
    print(f"{marks.total()} checks: {counts}")
    return 1 if marks[Mark.FAIL] else 0


def examine(checks: Iterable[Check], settings: Settings) -> Counter[Mark]:
    """Run and print checks one by one; the slow ones don't keep the others waiting. Returns the marks."""
    marks: Counter[Mark] = Counter()
    for check in checks:
        finding = _find(check, settings)
        marks[finding.mark] += 1
        print(f"{finding.mark}  {finding.text}", flush=True)
        if finding.next_step:
            print(f"      {finding.next_step}", flush=True)
    return marks


def _find(check: Check, settings: Settings) -> Finding:
    try:
        return check(settings)
    except Exception as error:  # on a broken machine a check may break too; the others are still wanted
        return failed(
            f"the check {check.__name__} itself failed: {type(error).__name__}: {error}",
            "Please report this.",
        )
