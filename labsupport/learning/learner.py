"""A learner in one notebook: what is asked, what was answered, and the record of both."""

from __future__ import annotations

import getpass
import re
from typing import Any

from labsupport.learning import checks, material, review, solutions
from labsupport.learning.material import Exercise, Material, Prediction, Question
from labsupport.learning.points import CheckResult
from labsupport.learning.predictions import Comparison, compare
from labsupport.learning.progress import Progress
from labsupport.learning.readiness import Readiness, readiness
from labsupport.settings import Settings
from labsupport.target import Target

PROGRESS_FOLDER = "progress"


def progress_of(settings: Settings) -> Progress:
    """Return the record of a learner, in the lab's home: the same one on every cloud."""
    learner = re.sub(r"[^A-Za-z0-9._-]", "_", settings.owner or getpass.getuser())
    return Progress(settings.home / PROGRESS_FOLDER / f"{learner}.jsonl")


def course() -> list[Material]:
    """Return the material of all notebooks."""
    return [material.load(number) for number in material.numbers()]


def hints_opened(progress: Progress, exercise: Exercise) -> int:
    """Return how many hints of an exercise were opened."""
    return len({event["tier"] for event in progress.events("hint") if event["key"] == exercise.key})


def open_hint(progress: Progress, exercise: Exercise) -> str | None:
    """Open the next hint: return it and record that it was opened. None when all are open."""
    opened = hints_opened(progress, exercise)
    if opened >= len(exercise.hints):
        return None
    progress.record("hint", key=exercise.key, tier=opened + 1)
    return exercise.hints[opened]


class Learner:
    """What a notebook needs of the learning layer. It draws nothing."""

    def __init__(self, target: Target, number: str, settings: Settings) -> None:
        """Learn in notebook `number`."""
        self._target, self._settings = target, settings
        self.material = material.load(number)
        self.progress = progress_of(settings)

    # Predictions

    def prediction(self, name: str) -> Prediction:
        """Return what is asked."""
        return self.material.prediction(name)

    def guess(self, prediction: Prediction) -> Any:
        """Return the newest guess, or None."""
        event = self.progress.latest("prediction", key=prediction.key)
        return event["guess"] if event else None

    def predict(self, prediction: Prediction, guess: Any) -> None:
        """Record a guess."""
        self.progress.record("prediction", key=prediction.key, guess=guess)

    def compare(self, name: str, measured: Any) -> Comparison:
        """Compare the newest guess with what was measured, and record both."""
        prediction = self.prediction(name)
        guess = self.guess(prediction)
        comparison = compare(prediction, guess, measured)
        self.progress.record(
            "comparison", key=prediction.key, guess=guess, measured=measured, good=comparison.good
        )
        return comparison

    # Exercises

    def check(self, name: str) -> CheckResult:
        """Ask the cloud whether an exercise is solved, and record the answer.

        What a notebook passes that runs unattended, with the course's own solutions, is nobody's progress.
        """
        exercise = self.material.exercise(name)
        result = checks.run_check(self._target, exercise.key)
        self.progress.record(
            "check",
            key=exercise.key,
            passed=result.passed,
            wrong=[point.what for point in result.points if not point.ok],
            unattended=self._settings.unattended,
        )
        return result

    def hints_opened(self, exercise: Exercise) -> int:
        """Return how many hints of an exercise were opened."""
        return hints_opened(self.progress, exercise)

    def open_hint(self, exercise: Exercise) -> str | None:
        """Open the next hint: return it and record that it was opened. None when all are open."""
        return open_hint(self.progress, exercise)

    def reset(self, exercise: Exercise) -> None:
        """Take the cloud back to where an exercise begins."""
        checks.reset(self._target, exercise.key)
        self.progress.record("reset", key=exercise.key)

    def model_solution(self, exercise: Exercise) -> str:
        """Return the model solution, for somebody who has passed."""
        return solutions.solution(self._settings.project, exercise.key)

    # Questions

    def questions(self) -> list[Question]:
        """Return this notebook's questions."""
        return list(self.material.questions.values())

    def due_questions(self) -> list[Question]:
        """Return the questions of all notebooks that are to be answered again."""
        every = material.all_questions()
        return [every[key] for key in review.due(every, self.progress.events("question"))]

    def answer(self, question: Question, chosen: frozenset[int]) -> bool:
        """Record an answer; return whether it is right."""
        right = chosen == question.right
        self.progress.record("question", key=question.key, chosen=sorted(chosen), right=right)
        return right

    # Where the learner stands

    def readiness(self) -> list[Readiness]:
        """Return how far the learner is with each task of the exam."""
        return readiness(course(), self.progress.events())
