"""Run the notebooks unattended, in order, on one cloud, and write a report.

Choose by number or name (`./lab run 4 05_s3_thumbnails`), or leave the choice out for the whole course,
whose last notebook tears everything down. The run stops after a notebook that failed, unless told to go on.
Ctrl-C ends it cleanly. A local cloud that was not running is stopped at the end; its state is kept.

The exercises are solved with the course's own solutions. With --unsolved they are left as they are: then each
notebook is run to its end, and fails.

The last line is made for a CI job, and so is the exit code: 0 when every notebook passed (and, after the
teardown notebook, nothing is left in the cloud), 1 otherwise, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import platform
import signal
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from labsupport.commands.run.selection import TEARDOWN_NUMBER, find_course, select
from labsupport.settings import Settings

if TYPE_CHECKING:
    from labsupport.commands.run.course_run import CourseRun
    from labsupport.target import Target

INTERRUPTED, TERMINATED = 130, 143


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "notebooks", nargs="*", metavar="NN", help="notebooks by number or name (default: all)"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="where the report goes (default: build)"
    )
    parser.add_argument("--keep-going", action="store_true", help="go on after a notebook that failed")
    parser.add_argument(
        "--unsolved", action="store_true", help="without the model solutions: every check should refuse"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen notebooks and return the exit code."""
    started = time.monotonic()
    settings = Settings.from_environment()
    chosen = select(find_course(settings.project), arguments.notebooks)
    # A CI job is cancelled by SIGTERM: unwind as for Ctrl-C, so that kernel and cloud end with us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))

    from labsupport.commands.cloud import describe, running_cloud
    from labsupport.commands.run.course_run import CourseRun

    with running_cloud(settings) as target:
        print(f"Running on {describe(target)}", flush=True)
        output = (arguments.output or settings.project / "build").absolute()
        solutions = None if arguments.unsolved else settings.project
        course_run = CourseRun(chosen, output, _facts(describe(target)), project=solutions)
        course_run.execute(keep_going=arguments.keep_going or arguments.unsolved)
        left = _count_left(target)
    course_run.facts["Resources left"] = "unknown" if left is None else str(left)
    course_run.write_index()
    if left:
        print("`./lab teardown` deletes what is left.")
    print(_last_line(course_run, time.monotonic() - started, left))
    if course_run.interrupted:
        return INTERRUPTED
    torn_down = any(notebook.number == TEARDOWN_NUMBER for notebook in chosen)
    good = course_run.passed == len(chosen) and (left == 0 or not torn_down)
    return 0 if good else 1


def _facts(where: str) -> dict[str, str]:
    return {
        "Started": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "Cloud": where,
        "Python": platform.python_version(),
    }


def _count_left(target: Target) -> int | None:
    """Ask the cloud how many of the lab's resources it holds; None when it doesn't answer any more."""
    from botocore.exceptions import BotoCoreError, ClientError

    from labsupport.errors import LabError
    from labsupport.inventory import inventory

    try:
        return len(inventory(target))
    except (LabError, BotoCoreError, ClientError) as error:
        print(f"The cloud can't say what is left: {error}", file=sys.stderr)
        return None


def _last_line(course_run: CourseRun, seconds: float, left: int | None) -> str:
    total = len(course_run.results)
    report = course_run.output / "index.html"
    if report.is_relative_to(Path.cwd()):
        report = report.relative_to(Path.cwd())
    resources = "resources left: unknown" if left is None else f"{left} resources left"
    passed = f"{course_run.passed} of {total} notebooks passed"
    return f"lab run: {passed} in {seconds:.0f} s, {resources}; report: {report}"
