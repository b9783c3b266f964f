"""Check this machine and this installation, and say what to do about what is wrong.

With --target aws (or LAB_TARGET=aws) it checks the AWS account too, before anything is built there:
credentials, permissions, concurrency, models, price, leftovers. That changes nothing and costs nothing.

A warning names something that the lab can do without. The exit code is 1 when a check fails.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Callable, Iterable

from labsupport.commands.doctor import environment, local_cloud, machine
from labsupport.commands.doctor.finding import Finding, Mark, failed
from labsupport.settings import TARGETS, Settings

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
]
LOCAL_CHECKS: list[Check] = [local_cloud.cloud, local_cloud.leftovers]
ONLINE_CHECKS: list[Check] = [environment.package_index]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--online", action="store_true", help="also ask pip's package index, over the network"
    )
    parser.add_argument("--target", choices=TARGETS, help="instead of LAB_TARGET")


def run(arguments: argparse.Namespace) -> int:
    """Run the checks, print what each found, and return the exit code."""
    chosen = {"LAB_TARGET": arguments.target} if arguments.target else {}
    settings = Settings.from_environment({**os.environ, **chosen})
    marks = examine(CHECKS + (ONLINE_CHECKS if arguments.online else []), settings)
    marks += examine(LOCAL_CHECKS, settings) if settings.target == "local" else examine_account(settings)
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


def examine_account(settings: Settings) -> Counter[Mark]:
    """Check an AWS account. Without the right credentials there is nothing more to ask. Returns the marks."""
    from labsupport.commands.doctor import aws_account, aws_permissions
    from labsupport.target import connect

    marks = examine([aws_account.credentials], settings)
    if not marks[Mark.FAIL]:
        target = connect(settings)
        marks += examine(aws_permissions.checks(target) + aws_account.checks(target), settings)
    return marks


def _find(check: Check, settings: Settings) -> Finding:
    try:
        return check(settings)
    except Exception as error:  # on a broken machine a check may break too; the others are still wanted
        return failed(
            f"the check {check.__name__} itself failed: {type(error).__name__}: {error}",
            "Please report this.",
        )
