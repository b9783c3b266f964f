"""Show where you stand with each task of the exam, counted from what you really passed.

--export writes it to a file that an instructor can collect: one JSON object with the learner, the sums and
every event. It holds your answers, and nothing else of this machine.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from labsupport.errors import LabError
from labsupport.learning import material, review
from labsupport.learning.learner import course, progress_of
from labsupport.learning.progress import Progress
from labsupport.learning.readiness import readiness
from labsupport.settings import Settings
from labsupport.views.progress_table import progress_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--export", type=Path, metavar="FILE", help="write it to a file, as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the progress, or write it to a file."""
    progress = progress_of(Settings.from_environment())
    events = progress.events()
    if arguments.export is None:
        due = review.due(material.all_questions(), events)
        print(repr(progress_table(readiness(course(), events), due=len(due))))
        return 0
    try:
        arguments.export.write_text(json.dumps(_summary(progress), indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise LabError(
            doing=f"writing your progress to {arguments.export}",
            cause=f"{error.strerror}.",
            next_step="Name a file in a folder that exists and that you may write to.",
        ) from error
    print(f"{len(events)} events are in {arguments.export}.")
    return 0


def _summary(progress: Progress) -> dict[str, object]:
    events = progress.events()
    return {
        "learner": progress.path.stem,
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
        "readiness": [{**asdict(each), "share": each.share} for each in readiness(course(), events)],
        "events": events,
    }
