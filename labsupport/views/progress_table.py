"""Where a learner stands with each task of the exam (introduced in 00_start_here)."""

from __future__ import annotations

from collections.abc import Sequence

from labsupport.learning.readiness import Readiness
from labsupport.views.table import Table

BAR_LENGTH = 10


def progress_table(tasks: Sequence[Readiness], *, due: int) -> Table:
    """Show the tasks. `due` questions wait to be answered again."""
    rows = [
        [
            f"{each.task} {each.name}",
            f"{each.questions_right} of {each.questions}",
            f"{each.exercises_passed} of {each.exercises}",
            _bar(each.share),
        ]
        for each in tasks
    ]
    waiting = f"{due} questions wait to be answered again: lab.review()" if due else "No question is due."
    return Table(["Exam task", "questions right", "exercises passed", ""], rows, caption=waiting)


def _bar(share: float) -> str:
    full = round(share * BAR_LENGTH)
    return "█" * full + "░" * (BAR_LENGTH - full) + f" {share:.0%}"
