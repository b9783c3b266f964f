"""What learners click: forms for predictions, panels of checks, questions. The widgets, without a browser."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import pytest

from labsupport.errors import LabError
from labsupport.learning.material import Exercise, Option, Prediction, Question
from labsupport.learning.points import CheckResult, Point
from labsupport.learning.predictions import compare
from labsupport.learning.readiness import Readiness
from labsupport.views.card import card, inline, paragraph
from labsupport.views.check_panel import CheckPanel
from labsupport.views.comparison_card import NOT_GUESSED, ComparisonCard
from labsupport.views.prediction_form import PredictionForm
from labsupport.views.progress_table import progress_table
from labsupport.views.quiz import Quiz

NUMBER = Prediction("00.n", "How long?", "number", unit="ms")
CHOICE = Prediction("00.c", "Which `colour`?", "choice", options=("red", "blue"))
ORDER = Prediction("00.o", "In which order?", "order", options=("a", "b"))
EXERCISE = Exercise("00.x", "Do it.", ("nudge", "where", "write `x`"), "3.2", "x = 0  # your turn")
PASSED = CheckResult("00.x", (Point("it is <there>", True),))
REFUSED = CheckResult("00.x", (Point("it is", True), Point("it works", False, "It doesn't.", "Look at `x`.")))
DISK_FULL = LabError(doing="d", cause="The disk is full.", next_step="Free some.")


def find(widget: Any, kind: type) -> list[Any]:
    found = [widget] if isinstance(widget, kind) else []
    return found + [each for child in getattr(widget, "children", ()) for each in find(child, kind)]


def shown(widget: Any) -> str:
    return "\n".join(html.value for html in find(widget, widgets.HTML))


def press(widget: Any, label: str) -> None:
    [button] = [each for each in find(widget, widgets.Button) if each.description.startswith(label)]
    button.click()


def bundle(widget: Any) -> dict[str, Any]:
    return widget._repr_mimebundle_()


# Predictions


def test_a_number_is_kept():
    kept: list[Any] = []
    form = PredictionForm(NUMBER, None, kept.append)
    [field] = find(form, widgets.Text)
    field.value = " 1,5 "
    press(form, "Keep")
    assert kept == [1.5]
    assert "Kept: <b>1.5 ms</b>" in shown(form)


@pytest.mark.parametrize("words", ["", "soon", "1e", "--"])
def test_what_is_no_number_is_said_and_not_kept(words):
    kept: list[Any] = []
    form = PredictionForm(NUMBER, None, kept.append)
    find(form, widgets.Text)[0].value = words
    press(form, "Keep")
    assert kept == []
    assert "Write a number first." in shown(form)


def test_a_choice_is_kept_once_one_is_chosen():
    kept: list[Any] = []
    form = PredictionForm(CHOICE, None, kept.append)
    press(form, "Keep")
    assert "Choose one first." in shown(form)
    find(form, widgets.ToggleButtons)[0].value = "blue"
    press(form, "Keep")
    assert kept == ["blue"]


def test_an_order_needs_each_of_them_once():
    kept: list[Any] = []
    form = PredictionForm(ORDER, None, kept.append)
    first, second = find(form, widgets.Dropdown)
    first.value = second.value = "a"
    press(form, "Keep")
    assert kept == []
    first.value = "b"
    press(form, "Keep")
    assert kept == [["b", "a"]]


def test_a_prediction_of_before_is_shown_again():
    assert "Your last prediction: <b>blue</b>" in shown(PredictionForm(CHOICE, "blue", print))


def test_a_prediction_that_cant_be_kept_is_explained():
    def keep(guess: Any) -> None:
        raise DISK_FULL

    form = PredictionForm(CHOICE, None, keep)
    form.take("red")
    assert "The disk is full. Free some." in shown(form)


def test_a_form_reads_as_a_page_without_a_kernel():
    page = bundle(PredictionForm(CHOICE, "red", print))
    assert "Which <code>colour</code>?" in page["text/html"]
    assert "<li>blue</li>" in page["text/html"]
    assert page["text/plain"] == "Predict: Which `colour`? Predicted: red"
    assert "application/vnd.jupyter.widget-view+json" in page


@pytest.mark.parametrize(
    ("guess", "unattended", "words"),
    [(None, False, NOT_GUESSED), (None, True, ""), (1, False, "2 times more")],
)
def test_a_comparison_notices_who_ran_on(guess, unattended, words):
    comparison = ComparisonCard(compare(NUMBER, guess, 2), unattended)
    assert words in comparison._repr_html_()
    assert (NOT_GUESSED in repr(comparison)) == (words == NOT_GUESSED)


# Checks


def panel(result: CheckResult, **changes: Any) -> CheckPanel:
    hints = iter(EXERCISE.hints)
    options: dict[str, Any] = {
        "solution": "x = 1",
        "hints_opened": 0,
        "open_hint": lambda: next(hints, None),
        "start_again": lambda: None,
    }
    return CheckPanel(EXERCISE, result, **options | changes)


def test_a_refusal_says_what_is_wrong_and_offers_hints_one_by_one():
    shown_panel = panel(REFUSED)
    assert "1 of 2 not yet right" in shown(shown_panel)
    assert "It doesn&#x27;t. Look at <code>x</code>." in shown(shown_panel).replace("'", "&#x27;")
    for hint in EXERCISE.hints:
        assert inline(hint) not in shown(shown_panel)
        press(shown_panel, "Hint")
        assert inline(hint) in shown(shown_panel)
    [more] = [each for each in find(shown_panel, widgets.Button) if "hint" in each.description]
    assert more.disabled
    assert "x = 1" not in shown(shown_panel), "the solution is for those who passed"


def test_hints_of_before_are_still_open():
    assert "where" in shown(panel(REFUSED, hints_opened=2))


def test_who_has_passed_sees_one_way_to_do_it():
    passed = panel(PASSED)
    assert "Check 00.x: passed" in shown(passed)
    assert "x = 1" in shown(passed)
    assert "&lt;there&gt;" in shown(passed)
    assert find(passed, widgets.Button) == []


def test_starting_again_shows_the_cell_as_it_was():
    calls: list[str] = []
    shown_panel = panel(REFUSED, start_again=lambda: calls.append("reset"))
    press(shown_panel, "Start")
    assert calls == ["reset"]
    assert "x = 0  # your turn" in shown(shown_panel)


def test_a_hint_or_a_reset_that_fails_is_explained():
    def fail() -> None:
        raise DISK_FULL

    shown_panel = panel(REFUSED, open_hint=fail, start_again=fail)
    press(shown_panel, "Hint")
    assert "The disk is full." in shown(shown_panel)
    press(shown_panel, "Start")
    assert "The disk is full." in shown(shown_panel)


def test_a_panel_reads_as_text_without_a_kernel():
    assert bundle(panel(REFUSED))["text/plain"].startswith("Check 00.x: 1 of 2 not yet right\nok  it is\nNO ")
    assert "<button" not in bundle(panel(REFUSED))["text/html"]


# Questions


def question(*right: str) -> Question:
    letters = "ABCDE" if len(right) == 2 else "ABCD"
    options = tuple(Option(f"text {letter}", f"why {letter}.", right=letter in right) for letter in letters)
    return Question("00.q", "3.2", "What?", options)


def quiz(asked: Question) -> tuple[Quiz, list[frozenset[int]]]:
    given: list[frozenset[int]] = []

    def answer(question: Question, chosen: frozenset[int]) -> bool:
        given.append(chosen)
        return chosen == question.right

    return Quiz([asked], answer, none="none"), given


def choose(widget: Quiz, *letters: str) -> None:
    for each in find(widget, widgets.ToggleButton):
        if each.description in letters:
            each.value = True


def test_a_right_answer_is_explained():
    asked, given = quiz(question("B"))
    choose(asked, "B")
    press(asked, "Answer")
    assert given == [frozenset({1})]
    assert ">Right</b>" in shown(asked) and "why A." in shown(asked) and "Exam task 3.2." in shown(asked)


def test_a_wrong_answer_comes_back():
    asked, _ = quiz(question("B"))
    choose(asked, "C")
    press(asked, "Answer")
    assert (
        "Not right" in shown(asked) and "lab.review()" in shown(asked) and "(chosen) why C." in shown(asked)
    )


def test_one_answer_takes_the_other_back_and_two_dont():
    one, given = quiz(question("B"))
    choose(one, "A")
    choose(one, "B")
    press(one, "Answer")
    two, both = quiz(question("A", "D"))
    choose(two, "A")
    press(two, "Answer")
    assert "Choose two first." in shown(two)
    choose(two, "D")
    press(two, "Answer")
    assert (given, both) == ([frozenset({1})], [frozenset({0, 3})])


def test_no_answer_is_shown_before_one_is_given():
    asked, _ = quiz(question("B"))
    for text in (shown(asked), bundle(asked)["text/html"], bundle(asked)["text/plain"]):
        assert "why" not in text and "Right" not in text


def test_without_questions_that_is_said():
    assert "Nothing is due" in shown(Quiz([], lambda *_: True, none="Nothing is due today."))


# Small things


def test_words_are_never_taken_for_html():
    assert inline("<b> `<i>` **x**") == "&lt;b&gt; <code>&lt;i&gt;</code> <b>x</b>"
    assert "&lt;" in card("<", paragraph("<"))


def test_progress_is_a_table():
    table = progress_table([Readiness("3.2", 1, 4, 1, 1)], due=2)
    assert "40%" in repr(table) and "2 questions wait" in repr(table) and "1 of 4" in repr(table)
