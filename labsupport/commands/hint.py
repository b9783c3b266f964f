"""Open the next hint of an exercise: first a nudge, then where to look, then the exact step.

It does what the button below a check does, and what was opened is kept with your progress.
"""

from __future__ import annotations

import argparse

from labsupport.learning.learner import hints_opened, open_hint, progress_of
from labsupport.learning.material import find_exercise
from labsupport.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("exercise", metavar="NN.NAME", help="such as 05.permission")


def run(arguments: argparse.Namespace) -> int:
    """Print the hints that are open, with the next one."""
    exercise = find_exercise(arguments.exercise)
    progress = progress_of(Settings.from_environment())
    hint = open_hint(progress, exercise)
    print(exercise.task)
    for number, opened in enumerate(exercise.hints[: hints_opened(progress, exercise)], 1):
        print(f"  {number}. {opened}")
    if hint is None:
        print("These are all the hints.")
    return 0
