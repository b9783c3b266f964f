"""The command line: which commands there are, and what happens when one goes wrong.

Each command is a module of `labsupport.commands` with a docstring (its help) and two functions:
`add_arguments(parser)` and `run(arguments) -> exit code`. Only the module of the command that was typed is
imported, and it imports boto3 or papermill no earlier than it needs them, so that `lab --help` is quick.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from labsupport.commands import UsageError
from labsupport.errors import LabError

GOOD, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
"""The exit codes. 130 is the shell's own for Ctrl-C."""


class Command(NamedTuple):
    """Name a command's group in the help, its line there and its module."""

    group: str
    summary: str
    module: str


COMMANDS = {
    "open": Command("Study", "open the course in JupyterLab", "labsupport.commands.open"),
    "run": Command("Study", "run the notebooks unattended and write a report", "labsupport.commands.run"),
    "hint": Command("Study", "open the next hint of an exercise", "labsupport.commands.hint"),
    "reset": Command("Study", "begin an exercise again", "labsupport.commands.reset"),
    "review": Command("Study", "answer the questions that are due again", "labsupport.commands.review"),
    "progress": Command("Study", "show where you stand, or export it", "labsupport.commands.progress"),
    "env": Command(
        "Study", "print the settings for the AWS CLI and your own tools", "labsupport.commands.env"
    ),
    "status": Command("Check", "show where the cloud runs and what is in it", "labsupport.commands.status"),
    "doctor": Command("Check", "check this machine, and say what to do", "labsupport.commands.doctor"),
    "policies": Command(
        "Check", "print IAM policies for learners and instructors on AWS", "labsupport.commands.policies"
    ),
    "test": Command("Check", "run the lab's own tests", "labsupport.commands.test"),
    "teardown": Command("Clean up", "delete everything that the lab built", "labsupport.commands.teardown"),
    "sweep": Command(
        "Clean up", "for instructors: delete what the lab built for others", "labsupport.commands.sweep"
    ),
    "stop": Command("Clean up", "stop the local cloud and keep its state", "labsupport.commands.stop"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help(), file=sys.stdout if words else sys.stderr)
        return GOOD if words else WRONG_USAGE
    name, rest = words[0], words[1:]
    if name not in COMMANDS:
        print(_unknown(name), file=sys.stderr)
        return WRONG_USAGE
    try:
        code = _run(name, rest)
        sys.stdout.flush()  # here, where a reader that has gone away is no surprise
        return code
    except KeyboardInterrupt:
        print("\nlab: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`./lab status | head -1`): keep Python quiet at exit too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        print(_explain(name, error), file=sys.stderr)
        return WRONG_USAGE if isinstance(error, UsageError) else FAILED


def _run(name: str, rest: list[str]) -> int:
    module = importlib.import_module(COMMANDS[name].module)
    parser = argparse.ArgumentParser(
        prog=f"./lab {name}",
        description=_wrapped(module.__doc__ or ""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    if getattr(module, "PASSES_ARGUMENTS_ON", False):
        arguments, others = parser.parse_known_args(rest)
        arguments.others = others
    else:
        arguments = parser.parse_args(rest)
    code: int = module.run(arguments)
    return code


def _wrapped(text: str) -> str:
    width = min(shutil.get_terminal_size().columns, 100)
    return "\n\n".join(textwrap.fill(paragraph, width) for paragraph in text.strip().split("\n\n"))


def _help() -> str:
    lines = [
        "usage: ./lab COMMAND [options]",
        "",
        "Learn AWS serverless by building it, breaking it and measuring it.",
    ]
    for group in dict.fromkeys(command.group for command in COMMANDS.values()):
        lines += ["", f"{group}:"]
        members = ((name, command) for name, command in COMMANDS.items() if command.group == group)
        lines += [f"  {name:<10} {command.summary}" for name, command in members]
    lines += [
        "",
        "New here? Run `./lab open`. `./lab COMMAND --help` tells more about a command.",
        "The lab runs on a local cloud and needs no AWS account. LAB_TARGET=aws uses a real one.",
        "Exit codes: 0 all is well, 1 something failed, 2 wrong usage.",
    ]
    return "\n".join(lines)


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
    hint = f" Did you mean `./lab {near[0]}`?" if near else ""
    return f"lab: there is no command {name!r}.{hint}\nThe commands are: {', '.join(COMMANDS)}."


def _explain(name: str, error: Exception) -> str:
    """Say what went wrong: our own errors in their words, any other in one line and a file."""
    if isinstance(error, LabError):
        detail = [f"  {line}" for line in (error.detail or "").splitlines()]
        return "\n".join([str(error), *detail])
    return f"`./lab {name}` failed unexpectedly: {type(error).__name__}: {error}\n{_keep_traceback(error)}"


def _keep_traceback(error: Exception) -> str:
    """Write the traceback into the lab's home, and say where; return it whole where that is impossible."""
    import traceback

    text = "".join(traceback.format_exception(error))
    try:
        from labsupport.settings import Settings

        path: Path = Settings.from_environment().home / "last-error.log"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(text)
    except Exception:  # whatever broke the command may break this too
        return text
    return f"The full traceback is in {path}. Please add it when you report this."
