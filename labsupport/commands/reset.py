"""Begin an exercise again: take the cloud back, and print what the exercise's cell held at first."""

from __future__ import annotations

import argparse

from labsupport.learning.learner import progress_of
from labsupport.learning.material import find_exercise
from labsupport.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("exercise", metavar="NN.NAME", help="such as 05.permission")


def run(arguments: argparse.Namespace) -> int:
    """Reset the exercise."""
    exercise, settings = find_exercise(arguments.exercise), Settings.from_environment()

    from labsupport.commands.cloud import running_cloud
    from labsupport.learning import checks

    with running_cloud(settings) as target:
        checks.reset(target, exercise.key)
    progress_of(settings).record("reset", key=exercise.key)
    print(f"The cloud is as it was when {exercise.key} began. Its cell held:\n\n{exercise.start}")
    return 0
