"""Delete everything that the lab built, found by asking the cloud.

Only what carries the lab's name and owner is touched. Running it again is safe. On AWS (LAB_TARGET=aws) it
asks for the account id first. The exit code is 1 when something is left.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from labsupport.errors import LabError
from labsupport.settings import Settings

if TYPE_CHECKING:
    from labsupport.target import Target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--dry-run", action="store_true", help="only list what would be deleted")
    parser.add_argument("--yes", action="store_true", help="on AWS, don't ask for the account id")


def run(arguments: argparse.Namespace) -> int:
    """List, delete, and say what is left."""
    from labsupport.commands.cloud import describe, running_cloud
    from labsupport.inventory import inventory
    from labsupport.teardown import teardown

    with running_cloud(Settings.from_environment()) as target:
        found = inventory(target)
        print(f"On {describe(target)}:\n{found}", flush=True)
        if not found or arguments.dry_run:
            return 0
        if target.name == "aws" and not arguments.yes:
            _confirm(target)
        report = teardown(target, progress=lambda sentence: print(sentence, flush=True))
        if not report.is_clean:
            print(f"Still there:\n{report.left}\nRun `./lab teardown` again.")
    return 0 if report.is_clean else 1


def _confirm(target: Target) -> None:
    try:
        typed = input(f"Type the account id {target.account} to delete them: ")
    except EOFError:
        typed = ""
    if typed.strip() != target.account:
        raise LabError(
            doing=f"tearing down the lab in AWS account {target.account}",
            cause="the account id was not typed, so nothing was deleted.",
            next_step="Run `./lab teardown` again and type the id, or use `./lab teardown --yes`.",
        )
