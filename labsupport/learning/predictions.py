"""A guess beside what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labsupport.learning.material import Prediction


@dataclass(frozen=True)
class Comparison:
    """What was predicted, what was measured, and how far apart they are.

    Attributes:
        guess, measured: as words.
        gap: how far apart they are, as a sentence; "" without a guess.
        good: whether it was a good guess; None without one.
    """

    prediction: Prediction
    guess: str | None
    measured: str
    gap: str
    good: bool | None


def compare(prediction: Prediction, guess: Any, measured: Any) -> Comparison:
    """Compare a guess with what was measured.

    Args:
        prediction: what was asked.
        guess: a number, an option, a list of options in order; None where nobody guessed.
        measured: of the same kind.
    """
    shown = say(prediction, measured)
    if guess is None:
        return Comparison(prediction, None, shown, "", None)
    gap, good = (
        _number_gap(prediction, guess, measured) if prediction.kind == "number" else _gap(guess, measured)
    )
    return Comparison(prediction, say(prediction, guess), shown, gap, good)


def say(prediction: Prediction, answer: Any) -> str:
    """Return an answer as words."""
    if prediction.kind == "number":
        return f"{answer:,.4g} {prediction.unit}".rstrip()
    return " → ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer)


def _number_gap(prediction: Prediction, guess: float, measured: float) -> tuple[str, bool]:
    if guess == measured:
        return "Exactly as predicted.", True
    if guess <= 0 or measured <= 0:
        return f"Off by {abs(guess - measured):,.4g} {prediction.unit}".rstrip() + ".", False
    times = max(guess, measured) / min(guess, measured)
    good = times <= 1 + prediction.tolerance
    direction = "more" if measured > guess else "less"
    if times < 1.1:
        return "As good as exact.", True
    if times < 2:
        return f"It is {abs(measured / guess - 1) * 100:.0f} % {direction} than predicted.", good
    return f"It is {times:,.2g} times {direction} than predicted.", good


def _gap(guess: Any, measured: Any) -> tuple[str, bool]:
    guess, measured = (list(each) if isinstance(each, tuple) else each for each in (guess, measured))
    if guess == measured:
        return "As predicted.", True
    if isinstance(guess, list) and isinstance(measured, list):
        right = sum(one == other for one, other in zip(guess, measured, strict=False))
        return f"{right} of {len(measured)} are in their place.", False
    return "Not as predicted.", False
