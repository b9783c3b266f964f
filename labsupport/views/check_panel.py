"""What a check found, with hints for whoever is stuck and the model solution for whoever has passed.

Introduced in 00_start_here.
"""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from labsupport.errors import LabError
from labsupport.learning.material import Exercise
from labsupport.learning.points import CheckResult, Point
from labsupport.views.card import card, code_block, folded, inline, paragraph
from labsupport.views.live import Live, button

TIERS = ("a nudge", "where to look", "the exact step")


class CheckPanel(Live):
    """Show the points of a check, and below them hints; once it has passed, the model solution."""

    def __init__(
        self,
        exercise: Exercise,
        result: CheckResult,
        *,
        solution: str,
        hints_opened: int,
        open_hint: Callable[[], str | None],
        start_again: Callable[[], None],
    ) -> None:
        """Show `result`.

        Args:
            exercise: what was checked.
            result: what was found.
            solution: the model solution, shown when the check has passed; "" where there is none.
            hints_opened: how many were opened before.
            open_hint: opens the next one and returns it.
            start_again: takes the cloud back to where the exercise begins.
        """
        self.result, self._exercise, self._solution = result, exercise, solution
        self._open_hint, self._start_again = open_hint, start_again
        self._hints = list(exercise.hints[:hints_opened])
        self._found, self._shown = widgets.HTML(self._points()), widgets.HTML()
        self._more, again = button(""), button("Start this exercise again")
        self._more.on_click(lambda _: self.show_hint())
        again.on_click(lambda _: self.begin_again())
        super().__init__([self._found, self._shown])
        self.add_class("lab-check")
        if not result.passed:
            self.children = (self._found, self._shown, widgets.HBox([self._more, again]))
        self._refresh()

    def show_hint(self) -> None:
        """Open the next hint. It never raises."""
        try:
            hint = self._open_hint()
        except LabError as error:
            hint = f"{error.cause} {error.next_step}"
        if hint is not None:
            self._hints.append(hint)
        self._refresh()

    def begin_again(self) -> None:
        """Take the cloud back, and show the code that the cell began with. It never raises."""
        try:
            self._start_again()
        except LabError as error:
            self._shown.value = card("Not yet", paragraph(f"{error.cause} {error.next_step}"), kind="bad")
            return
        words = "The cloud is as it was when the exercise began. This is what the cell held:"
        start = paragraph(words) + code_block(self._exercise.start)
        self._shown.value = card("Start again", start, kind="note")

    def as_html(self) -> str:
        """Return the points and the hints that were opened."""
        return self._points() + self._opened()

    def as_text(self) -> str:
        """Return the points."""
        return f"Check {self.result.key}: {_verdict(self.result)}\n{self.result}"

    def _refresh(self) -> None:
        self._shown.value = self._opened()
        left = len(self._exercise.hints) - len(self._hints)
        tier = TIERS[min(len(self._hints), len(TIERS) - 1)]
        self._more.description = f"Hint {len(self._hints) + 1} of {len(TIERS)}: {tier}"
        self._more.disabled = left <= 0
        if left <= 0:
            self._more.description = "No more hints"

    def _points(self) -> str:
        rows = "".join(_row(point) for point in self.result.points)
        body = f'<ul style="list-style: none; margin: 6px 0 0 0; padding: 0">{rows}</ul>'
        if self.result.passed and self._solution:
            body += folded("One way to do it", code_block(self._solution))
        title = f"Check {self.result.key}: {_verdict(self.result)}"
        return card(title, body, kind="good" if self.result.passed else "bad")

    def _opened(self) -> str:
        if not self._hints:
            return ""
        items = "".join(
            f'<p style="margin: 6px 0 0 0"><b>{tier}:</b> {inline(hint)}</p>'
            for tier, hint in zip(TIERS, self._hints, strict=False)
        )
        return card("Hints", items, kind="note")


def _verdict(result: CheckResult) -> str:
    wrong = sum(not point.ok for point in result.points)
    return "passed" if result.passed else f"{wrong} of {len(result.points)} not yet right"


def _row(point: Point) -> str:
    mark = "✓" if point.ok else "✗"
    words = f"<b>{mark}</b> {inline(point.what)}"
    if not point.ok:
        more = " ".join(inline(text) for text in (point.wrong, point.look) if text)
        words += f'<br><span style="margin-left: 1.4em">{more}</span>'
    return f'<li style="margin: 2px 0">{words}</li>'
