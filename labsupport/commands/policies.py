"""Print ready IAM policies for learners and instructors, with account, Region and owner filled in.

`./lab policies boundary` prints one as JSON, and `./lab policies --write FOLDER` writes all of them. Without
either it says which there are and what to do with them. Nothing is asked of AWS, and nothing is changed.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from labsupport.commands import UsageError
from labsupport.errors import LabError
from labsupport.policies import NAMES, boundary_arn, policy, policy_name
from labsupport.settings import DEFAULT_REGION, Settings

SUMMARY = {
    "boundary": "the most that a learner and every role of theirs can ever do",
    "learner-functions": "what the notebooks do with functions, roles, APIs and logs",
    "learner-data": "what the notebooks do with buckets, tables, queues and models",
    "instructor": "list and delete what carries the lab's names or tags, whoever built it",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", nargs="?", choices=NAMES, help="which policy to print")
    parser.add_argument("--owner", help="the learner's LAB_OWNER (default: this environment's)")
    parser.add_argument("--account", help="12 digits (default: LAB_AWS_ACCOUNT)")
    parser.add_argument("--region", help=f"AWS Region (default: LAB_REGION or {DEFAULT_REGION})")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write all of them, one file each")


def run(arguments: argparse.Namespace) -> int:
    """Print or write policies."""
    given = {
        "LAB_OWNER": arguments.owner,
        "LAB_AWS_ACCOUNT": arguments.account,
        "LAB_REGION": arguments.region,
    }
    checked = Settings.from_environment({name: value for name, value in given.items() if value})
    settings = Settings.from_environment()
    owner, account = checked.owner or settings.owner, checked.aws_account or settings.aws_account
    region = checked.region if arguments.region else settings.region or DEFAULT_REGION
    if not arguments.name and not arguments.write:
        print(_overview(owner or "OWNER", account or "ACCOUNT"))
        return 0
    if not owner or not account:
        missing = " and ".join(
            name for name, value in (("--owner", owner), ("--account", account)) if not value
        )
        raise UsageError(
            doing="filling in the policies",
            cause=f"they name one learner in one account. Not known yet: {missing}.",
            next_step="For example: ./lab policies boundary --owner ana --account 111122223333",
        )
    assert region is not None
    texts = {
        name: json.dumps(policy(name, account=account, region=region, owner=owner), indent=2) + "\n"
        for name in NAMES
    }
    if arguments.write:
        _write(arguments.write, {f"{policy_name(name, owner)}.json": text for name, text in texts.items()})
    else:
        print(texts[arguments.name], end="")
    return 0


def _overview(owner: str, account: str) -> str:
    lines = [f"{name:<18} {SUMMARY[name]}" for name in NAMES]
    return "\n".join(
        [
            *lines,
            "",
            f"./lab policies --owner {owner} --account {account} --write FOLDER writes all of them.",
            "Make each a managed policy of that name. Attach the two of a learner to the learner, and set",
            "the boundary as the learner's permissions boundary. The learner then sets:",
            f"  LAB_OWNER={owner}",
            f"  LAB_PERMISSIONS_BOUNDARY={boundary_arn(account, owner)}",
        ]
    )


def _write(folder: Path, files: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
            print(folder / name)
    except OSError as error:
        raise LabError(
            doing=f"writing the policies to {folder}",
            cause=f"{error.strerror or error}.",
            next_step="Choose another folder, or correct its permissions.",
        ) from error
