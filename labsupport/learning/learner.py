"""A learner in one notebook: what is asked, what was answered, and the record of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labsupport.learning import checks, material, review, solutions
from labsupport.learning.material import Exercise, Prediction, Question
from labsupport.learning.points import CheckResult
from labsupport.learning.predictions import Comparison, compare
from labsupport.learning.progress import Progress
from labsupport.learning.readiness import Readiness, readiness
from labsupport.target import Target

PROGRESS_FOLDER = "progress"


def progress_of(home: Path, owner: str) -> Progress:
    """Return the record of a learner, in the lab's home."""
    return Progress(home / PROGRESS_FOLDER / f"{owner}.jsonl")


class Learner:
    """What a notebook needs of the learning layer. It draws nothing."""

    def __init__(self, target: Target, number: str, *, home: Path, project: Path) -> None:
        """Learn in notebook `number`; the record lies in `home`, the solutions in `project`."""
        self._target, self._project = target, project
        self.material = material.load(number)
        self.progress = progress_of(home, target.owner)

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
        comparison = compare(prediction, self.guess(prediction), measured)
        self.progress.record(
            "comparison",
            key=prediction.key,
            guess=self.guess(prediction),
            measured=measured,
            good=comparison.good,
        )
        return comparison

    # Exercises

    def check(self, name: str) -> CheckResult:
        """Ask the cloud whether an exercise is solved, and record the answer."""
        exercise = self.material.exercise(name)
        result = checks.run_check(self._target, exercise.key)
        self.progress.record(
            "check",
            key=exercise.key,
            passed=result.passed,
            wrong=[point.what for point in result.points if not point.ok],
        )
        return result

    def hints_opened(self, exercise: Exercise) -> int:
        """Return how many hints of an exercise were opened."""
        opened = {event["tier"] for event in self.progress.events("hint") if event["key"] == exercise.key}
        return len(opened)

    def open_hint(self, exercise: Exercise) -> str | None:
        """Open the next hint: return it and record that it was opened. None when all are open."""
        opened = self.hints_opened(exercise)
        if opened >= len(exercise.hints):
            return None
        self.progress.record("hint", key=exercise.key, tier=opened + 1)
        return exercise.hints[opened]

    def reset(self, exercise: Exercise) -> None:
        """Take the cloud back to where an exercise begins."""
        checks.reset(self._target, exercise.key)
        self.progress.record("reset", key=exercise.key)

    def model_solution(self, exercise: Exercise) -> str:
        """Return the model solution, for somebody who has passed."""
        return solutions.solution(self._project, exercise.key)

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
        return readiness([material.load(number) for number in material.numbers()], self.progress.events())
