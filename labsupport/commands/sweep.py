"""Show or delete what the lab built for other owners: for whoever runs a class or an account.

Without --yes nothing is changed: it only lists. Only what has the lab's name and tags counts, and an owner's
things expire together, when the last of them does (LAB_EXPIRES_HOURS). The exit code is 1 when something that
was to be deleted is left.
"""

from __future__ import annotations

import argparse
import re
from datetime import datetime
from typing import TYPE_CHECKING

from labsupport.commands import UsageError
from labsupport.settings import Settings

if TYPE_CHECKING:
    from labsupport.found import Resources
    from labsupport.target import Target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--owner", metavar="NAME", help="everything of this owner (LAB_OWNER)")
    which.add_argument("--expired", action="store_true", help="everything of owners whose time is over")
    which.add_argument("--all", action="store_true", help="everything of all owners")
    parser.add_argument("--yes", action="store_true", help="delete it; without this it is only listed")


def run(arguments: argparse.Namespace) -> int:
    """List what is meant, and with --yes delete it."""
    if arguments.owner and not re.fullmatch(r"[a-z0-9]{1,12}", arguments.owner):
        raise UsageError(
            doing="sweeping an owner's things",
            cause=f"{arguments.owner!r} is no owner's name: those have 1 to 12 of a-z and 0-9.",
            next_step="`./lab sweep --all` lists the owners that there are.",
        )
    from labsupport.commands.cloud import running_cloud

    with running_cloud(Settings.from_environment()) as target:
        return sweep_on(target, arguments)


def sweep_on(target: Target, arguments: argparse.Namespace) -> int:
    """Do what `run` says, and return the exit code."""
    from labsupport.commands.cloud import describe
    from labsupport.inventory import inventory
    from labsupport.sweeping import by_owner, expired
    from labsupport.teardown import teardown

    if arguments.owner:
        own = inventory(target, owner=arguments.owner)
        found = {arguments.owner: own} if own else {}
    else:
        found = by_owner(target)
        found = expired(found) if arguments.expired else found
    print(f"On {describe(target)}:\n{_listed(found)}", flush=True)
    if not arguments.yes:
        if found:
            print("Nothing was changed. With --yes this is deleted.")
        return 0
    left = 0
    for owner in found:
        print(f"Owner {owner}:", flush=True)
        report = teardown(target, owner=owner, progress=lambda said: print(f"  {said}", flush=True))
        left += len(report.left)
    if left:
        print(f"{left} things are left. Run it again: it goes on where it stopped.")
    return 1 if left else 0


def _listed(found: dict[str, Resources]) -> str:
    return "\n".join(_owner(owner, resources) for owner, resources in found.items()) or "Nothing to sweep."


def _owner(owner: str, resources: Resources) -> str:
    from labsupport.sweeping import expires

    end = expires(resources)
    until = f"the last expires {_local_time(end)}" if end else "it doesn't tell when it expires"
    count = f"{len(resources)} resource{'' if len(resources) == 1 else 's'}"
    return "\n".join([f"Owner {owner}: {count}, {until}", *(f"  {resource}" for resource in resources)])


def _local_time(time: datetime) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M")
