"""Answer the questions that are due again, one by one. Ctrl-D ends it; what you answered is kept.

A question that you missed is due at once. After each right answer in a row it comes back later: after a day,
three days, a week, two weeks, a month.
"""

from __future__ import annotations

import argparse

from labsupport.learning import material, review
from labsupport.learning.learner import progress_of
from labsupport.learning.material import Question
from labsupport.learning.progress import Progress
from labsupport.settings import Settings

LETTERS = "ABCDE"
NUMBERS = {1: "one letter", 2: "two letters, such as AC"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no options."""


def run(arguments: argparse.Namespace) -> int:
    """Ask what is due."""
    progress = progress_of(Settings.from_environment())
    questions = material.all_questions()
    keys = review.due(questions, progress.events("question"))
    if not keys:
        print("Nothing is due. Questions that you miss in a notebook come back here.")
        return 0
    right = answered = 0
    for number, key in enumerate(keys, 1):
        print(f"\nQuestion {number} of {len(keys)}, from notebook {key[:2]}")
        chosen = _ask(questions[key])
        if chosen is None:
            break
        answered += 1
        right += _answer(questions[key], chosen, progress)
    print(f"\n{right} of {answered} right. {len(keys) - answered} are left for another time.")
    return 0


def _ask(question: Question) -> frozenset[int] | None:
    """Return the places of the chosen options; None at the end of the input."""
    print(question.text)
    for letter, option in zip(LETTERS, question.options, strict=False):
        print(f"  {letter}. {option.text}")
    wanted = len(question.right)
    while True:
        try:
            words = input(f"Your answer ({NUMBERS[wanted]}): ").upper()
        except EOFError:
            return None
        chosen = frozenset(LETTERS.index(letter) for letter in words if letter in LETTERS)
        if len(chosen) == wanted and max(chosen) < len(question.options):
            return chosen
        print(f"Write {NUMBERS[wanted]}.")


def _answer(question: Question, chosen: frozenset[int], progress: Progress) -> bool:
    right = chosen == question.right
    progress.record("question", key=question.key, chosen=sorted(chosen), right=right)
    print("Right." if right else "Not right.")
    for letter, option in zip(LETTERS, question.options, strict=False):
        print(f"  {'✓' if option.right else '✗'} {letter}: {option.why}")
    return right
