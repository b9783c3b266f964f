"""What a notebook asks of its learner: predictions, exercises and exam-style questions.

The texts stand in `texts/NN.toml` and not in the notebook, where an answer could be read before it is given.
A key such as "05.trigger" names a thing of notebook 05; within a notebook "trigger" is enough.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from labsupport.errors import LabError

TEXTS = Path(__file__).parent / "texts"
KINDS = ("number", "choice", "order")
Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Prediction:
    """A question that is answered before a cell is run.

    Attributes:
        key: such as "01.pause".
        ask: the question.
        kind: "number", "choice" (one of the options) or "order" (all of the options).
        unit: of a number.
        options: to choose from, or to put in order.
        tolerance: a number is a good guess when it is off by this share at most: 0.5 is half as much again.
    """

    key: str
    ask: str
    kind: str
    unit: str = ""
    options: tuple[str, ...] = ()
    tolerance: float = 0.5


@dataclass(frozen=True)
class Exercise:
    """Something that the learner solves in a cell of the notebook.

    Attributes:
        key: such as "05.permission".
        task: what is to be done.
        hints: three of them: a nudge, where to look, the exact step.
        exam_task: such as "1.1".
        start: the cell's code at first; "" for a check that has no cell to solve.
    """

    key: str
    task: str
    hints: tuple[str, str, str]
    exam_task: str
    start: str


@dataclass(frozen=True)
class Option:
    """An answer to choose, and why it is right or wrong."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question in the style of the exam.

    Attributes:
        key: such as "05.two-buckets".
        exam_task: of SAA-C03, such as "2.1"; "" where it goes beyond the exam.
        text: the scenario and what is asked.
        options: four of them, or five where two are right.
    """

    key: str
    exam_task: str
    text: str
    options: tuple[Option, ...]

    @property
    def right(self) -> frozenset[int]:
        """The places of the right options."""
        return frozenset(place for place, option in enumerate(self.options) if option.right)


@dataclass(frozen=True)
class Material:
    """All that one notebook asks. Each mapping goes by the short id ("trigger")."""

    number: str
    predictions: Mapping[str, Prediction]
    exercises: Mapping[str, Exercise]
    questions: Mapping[str, Question]

    def prediction(self, name: str) -> Prediction:
        """Return a prediction by its short id.

        Raises:
            LabError: this notebook has none of this name.
        """
        return self._one(self.predictions, "prediction", name)

    def exercise(self, name: str) -> Exercise:
        """Return an exercise by its short id.

        Raises:
            LabError: this notebook has none of this name.
        """
        return self._one(self.exercises, "exercise", name)

    def _one(self, things: Mapping[str, Thing], kind: str, name: str) -> Thing:
        short = name.removeprefix(f"{self.number}.")
        if short not in things:
            raise LabError(
                doing=f"looking for the {kind} {name!r} of notebook {self.number}",
                cause="there is none of this name.",
                next_step=f"Use one of: {', '.join(things) or 'none'}.",
            )
        return things[short]


def numbers() -> list[str]:
    """Return the numbers of the notebooks that have material, in order."""
    return sorted(path.stem for path in TEXTS.glob("*.toml"))


@cache
def load(number: str) -> Material:
    """Return a notebook's material; an empty one where it has none."""
    path = TEXTS / f"{number}.toml"
    content = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return Material(
        number,
        {name: _prediction(f"{number}.{name}", **entry) for name, entry in _part(content, "predictions")},
        {name: _exercise(f"{number}.{name}", **entry) for name, entry in _part(content, "exercises")},
        {name: _question(f"{number}.{name}", **entry) for name, entry in _part(content, "questions")},
    )


def find_exercise(key: str) -> Exercise:
    """Return an exercise by its key, such as "05.permission".

    Raises:
        LabError: there is none.
    """
    number, _, name = key.partition(".")
    if number not in numbers():
        known = [exercise.key for each in numbers() for exercise in load(each).exercises.values()]
        raise LabError(
            doing=f"looking for the exercise {key!r}",
            cause="no notebook with exercises has this number.",
            next_step=f"Use one of: {', '.join(known)}.",
        )
    return load(number).exercise(name)


def all_questions() -> dict[str, Question]:
    """Return the questions of all notebooks by their keys."""
    return {question.key: question for number in numbers() for question in load(number).questions.values()}


def _part(content: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    return list(content.get(name, {}).items())


def _prediction(key: str, *, options: list[str] | None = None, **entry: Any) -> Prediction:
    return Prediction(key, options=tuple(options or ()), **entry)


def _exercise(key: str, *, hints: list[str], start: str, **entry: Any) -> Exercise:
    nudge, where, step = hints
    return Exercise(key, hints=(nudge, where, step), start=start.strip("\n"), **entry)


def _question(key: str, *, options: list[dict[str, Any]], **entry: Any) -> Question:
    return Question(key, options=tuple(Option(**option) for option in options), **entry)
