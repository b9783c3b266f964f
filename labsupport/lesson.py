"""What a notebook asks of its learner: the part of `Lab` that teaches.

A prediction before a cell, the comparison after it, the check of an exercise, questions, and where somebody
stands. What is asked stands in `labsupport.learning`; how it looks, in `labsupport.views`.
"""

from __future__ import annotations

from typing import Any

from labsupport.errors import CheckError
from labsupport.learning.learner import Learner
from labsupport.settings import Settings
from labsupport.target import Target
from labsupport.views.check_panel import CheckPanel
from labsupport.views.comparison_card import ComparisonCard
from labsupport.views.prediction_form import PredictionForm
from labsupport.views.progress_table import progress_table
from labsupport.views.quiz import Quiz
from labsupport.views.table import Table


class Lesson:
    """A notebook as its learner meets it.

    Attributes:
        is_unattended: nobody is there to answer.
    """

    def __init__(self, target: Target, notebook: str, settings: Settings) -> None:
        """Teach notebook `notebook`."""
        self.is_unattended = settings.unattended
        self._learner = Learner(target, notebook, settings)

    def predict(self, name: str) -> PredictionForm:
        """Ask for a prediction before a cell is run (introduced in 00_start_here)."""
        prediction = self._learner.prediction(name)
        return PredictionForm(
            prediction,
            self._learner.guess(prediction),
            lambda guess: self._learner.predict(prediction, guess),
        )

    def compare(self, name: str, measured: Any) -> ComparisonCard:
        """Show a prediction beside what was measured: a number, an option, or all options in order."""
        return ComparisonCard(self._learner.compare(name, measured), unattended=self.is_unattended)

    def check(self, name: str) -> CheckPanel:
        """Ask the cloud whether an exercise is solved, and show what is wrong, with hints.

        Raises:
            CheckError: it isn't, and nobody is there to read it.
        """
        exercise, result = self._learner.material.exercise(name), self._learner.check(name)
        if self.is_unattended and not result.passed:
            raise CheckError(
                doing=f"checking the exercise {exercise.key}",
                cause="it is not solved.",
                next_step="Solve it in its cell; `./lab run` does so with the course's own solution.",
                detail=str(result),
            )
        return CheckPanel(
            exercise,
            result,
            solution=self._learner.model_solution(exercise) if result.passed and exercise.start else "",
            hints_opened=self._learner.hints_opened(exercise),
            open_hint=lambda: self._learner.open_hint(exercise),
            start_again=lambda: self._learner.reset(exercise),
        )

    def questions(self) -> Quiz:
        """Ask this notebook's exam-style questions."""
        return Quiz(self._learner.questions(), self._learner.answer, none="This notebook asks none.")

    def review(self) -> Quiz:
        """Ask the questions of all notebooks that are due again; `./lab review` does so in a terminal."""
        return Quiz(self._learner.due_questions(), self._learner.answer, none="Nothing is due today.")

    def progress(self) -> Table:
        """Show where you stand with each task of the exam."""
        return progress_table(self._learner.readiness(), due=len(self._learner.due_questions()))
