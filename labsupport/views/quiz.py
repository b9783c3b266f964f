"""Exam-style questions, one below the other; each answer is explained once it is given.

Introduced in 00_start_here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from labsupport.errors import LabError
from labsupport.learning.material import Question
from labsupport.views.card import card, inline, paragraph
from labsupport.views.live import Live, button

Answer = Callable[[Question, frozenset[int]], bool]
NUMBERS = {1: "one", 2: "two", 3: "three"}


class Quiz(Live):
    """Some questions. Without a kernel they can be read, and the answers can't."""

    def __init__(self, questions: Sequence[Question], answer: Answer, *, none: str) -> None:
        """Ask `questions`; `answer` records an answer and tells whether it is right. `none`: no question."""
        self._questions, self._none = list(questions), none
        asked = [AskedQuestion(number, each, answer) for number, each in enumerate(self._questions, 1)]
        super().__init__(asked or [widgets.HTML(card("Questions", paragraph(none)))])
        self.add_class("lab-quiz")

    def as_html(self) -> str:
        """Return the questions without their answers."""
        shown = "".join(ask(number, question) for number, question in enumerate(self._questions, 1))
        return shown or card("Questions", paragraph(self._none))

    def as_text(self) -> str:
        """Return how many there are."""
        return (
            f"{len(self._questions)} questions. Run the cell to answer them."
            if self._questions
            else self._none
        )


class AskedQuestion(widgets.VBox):  # type: ignore[misc]  # ipywidgets publishes no types
    """One question with its buttons."""

    def __init__(self, number: int, question: Question, answer: Answer) -> None:
        """Ask; hand what was chosen to `answer`."""
        self._question, self._answer = question, answer
        self._letters = [
            widgets.ToggleButton(description=_letter(place), tooltip=option.text, layout={"width": "44px"})
            for place, option in enumerate(question.options)
        ]
        for letter in self._letters:
            letter.observe(self._keep_within_limit, "value")
        give = button("Answer")
        give.on_click(lambda _: self.give())
        self._said = widgets.HTML()
        row = widgets.HBox([*self._letters, give])
        super().__init__([widgets.HTML(ask(number, question)), row, self._said])
        self.add_class("lab-question")

    def give(self) -> None:
        """Give the chosen answer. It never raises."""
        chosen = frozenset(place for place, letter in enumerate(self._letters) if letter.value)
        wanted = len(self._question.right)
        if len(chosen) != wanted:
            self._say(card("Not yet", paragraph(f"Choose {NUMBERS[wanted]} first.")))
            return
        try:
            right = self._answer(self._question, chosen)
        except LabError as error:
            self._say(card("Not kept", paragraph(f"{error.cause} {error.next_step}"), kind="bad"))
            return
        self._say(explain(self._question, chosen, right=right))

    def _keep_within_limit(self, change: dict[str, object]) -> None:
        """Where one answer is wanted, choosing another takes the first one back."""
        if change["new"] and len(self._question.right) == 1:
            for letter in self._letters:
                if letter is not change["owner"]:
                    letter.value = False

    def _say(self, words: str) -> None:
        self._said.value = f'<div role="status">{words}</div>'


def ask(number: int, question: Question) -> str:
    """Return a question as HTML, without its answer."""
    options = "".join(f"<li>{inline(option.text)}</li>" for option in question.options)
    wanted = NUMBERS[len(question.right)]
    body = f'<ol type="A" style="margin: 6px 0 0 0">{options}</ol>{paragraph(f"Choose {wanted}.", pale=True)}'
    return card(f"Question {number}", paragraph(question.text) + body, kind="ask")


def explain(question: Question, chosen: frozenset[int], *, right: bool) -> str:
    """Return as HTML what is right and why, and why each other option isn't."""
    rows = "".join(
        f'<li style="margin: 2px 0">{"✓ " if option.right else "✗ "}<b>{_letter(place)}</b>'
        f"{' (chosen)' if place in chosen else ''} {inline(option.why)}</li>"
        for place, option in enumerate(question.options)
    )
    exam = f"Exam task {question.exam_task}." if question.exam_task else "Beyond the exam."
    comes_back = "" if right else " The question comes back in `lab.review()`."
    body = f'<ul style="list-style: none; margin: 6px 0 0 0; padding: 0">{rows}</ul>'
    body += paragraph(exam + comes_back, pale=True)
    return card("Right" if right else "Not right", body, kind="good" if right else "bad")


def _letter(place: int) -> str:
    return "ABCDEFG"[place]
