"""The learning layer without any cloud: the record, predictions, review, readiness."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from labsupport.errors import LabError
from labsupport.learning import material, review
from labsupport.learning.material import Exercise, Material, Option, Prediction, Question
from labsupport.learning.points import CheckResult, Point
from labsupport.learning.predictions import compare
from labsupport.learning.progress import Progress
from labsupport.learning.readiness import readiness

NUMBER = Prediction("00.n", "How long?", "number", unit="ms")
CHOICE = Prediction("00.c", "Which?", "choice", options=("red", "blue"))
ORDER = Prediction("00.o", "In which order?", "order", options=("a", "b", "c"))


@pytest.fixture
def progress(tmp_path):
    return Progress(tmp_path / "progress" / "me.jsonl")


# The record


def test_what_is_recorded_can_be_read_again(progress):
    progress.record("hint", key="05.x", tier=1)
    progress.record("check", key="05.ảnh", passed=False)
    [hint, check] = Progress(progress.path).events()
    assert (hint["kind"], hint["tier"], check["key"]) == ("hint", 1, "05.ảnh")
    assert progress.events("check") == [check]
    assert datetime.fromisoformat(check["at"]).tzinfo is not None


def test_a_line_that_a_crash_cut_costs_only_itself(progress):
    progress.record("hint", tier=1)
    with progress.path.open("a") as file:
        file.write('{"at": "2026-01-01T00:00:00+00:00", "kind": "hi')
    progress.record("hint", tier=2)
    assert [event["tier"] for event in progress.events()] == [1, 2]


@pytest.mark.parametrize("line", ["", "[]", "7", '{"kind": "hint"}', "\x00\x00"])
def test_what_is_no_event_is_passed_over(progress, line):
    progress.record("hint", tier=1)
    with progress.path.open("a") as file:
        file.write(line + "\n")
    assert len(progress.events()) == 1


def test_many_may_write_at_once(progress):
    def write(name: int) -> None:
        for number in range(50):
            progress.record("hint", name=name, number=number, padding="x" * 500)

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(event["name"], event["number"]) for event in progress.events()}) == 200


def test_the_record_is_its_owners_alone(progress):
    progress.record("hint")
    assert progress.path.stat().st_mode & 0o077 == 0


def test_a_record_that_cant_be_written_is_explained(tmp_path):
    (tmp_path / "progress").write_text("in the way")
    with pytest.raises(LabError, match="keeping your progress"):
        Progress(tmp_path / "progress" / "me.jsonl").record("hint")


def test_the_newest_event_with_these_facts(progress):
    for guess in (1, 2):
        progress.record("prediction", key="00.n", guess=guess)
    progress.record("prediction", key="00.other", guess=3)
    assert progress.latest("prediction", key="00.n")["guess"] == 2
    assert progress.latest("prediction", key="00.none") is None


# Predictions


@pytest.mark.parametrize(
    ("guess", "measured", "gap", "good"),
    [
        (100, 100, "Exactly as predicted.", True),
        (100, 104, "As good as exact.", True),
        (100, 140, "It is 40 % more than predicted.", True),
        (100, 160, "It is 60 % more than predicted.", False),
        (100, 60, "It is 40 % less than predicted.", False),
        (100, 900, "It is 9 times more than predicted.", False),
        (900, 100, "It is 9 times less than predicted.", False),
        (0, 5, "Off by 5 ms.", False),
        (-3, 5, "Off by 8 ms.", False),
    ],
)
def test_how_far_a_number_is_off(guess, measured, gap, good):
    comparison = compare(NUMBER, guess, measured)
    assert (comparison.gap, comparison.good) == (gap, good)
    assert comparison.measured == f"{measured} ms"


def test_a_choice_is_right_or_not():
    assert compare(CHOICE, "red", "red").good is True
    assert compare(CHOICE, "red", "blue").good is False
    assert compare(CHOICE, "red", "green").measured == "green"


def test_an_order_is_counted_by_place():
    assert compare(ORDER, ["a", "b", "c"], ("a", "b", "c")).good is True
    wrong = compare(ORDER, ["a", "c", "b"], ["a", "b", "c"])
    assert (wrong.good, wrong.gap, wrong.guess) == (False, "1 of 3 are in their place.", "a → c → b")


@pytest.mark.parametrize(("prediction", "measured"), [(NUMBER, 3), (CHOICE, "red"), (ORDER, ["a", "b", "c"])])
def test_without_a_guess_there_is_no_gap(prediction, measured):
    comparison = compare(prediction, None, measured)
    assert (comparison.guess, comparison.gap, comparison.good) == (None, "", None)


# Review


def answered(key, right, at):
    return {"at": at.isoformat(), "kind": "question", "key": key, "right": right}


MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answers", "days"),
    [([False], 0), ([True], 1), ([True] * 2, 3), ([True] * 3, 7), ([True] * 4, 14), ([True] * 9, 30),
     ([True, True, False], 0), ([True, True, False, True], 1)],
)  # fmt: skip
def test_a_question_comes_back_later_after_each_right_answer(answers, days):
    events = [answered("00.q", right, MONDAY) for right in answers]
    assert review.standings(events)["00.q"].due == MONDAY + timedelta(days=days)


def test_due_are_the_missed_ones_and_those_whose_day_has_come():
    events = [answered("00.a", True, MONDAY), answered("00.b", False, MONDAY), answered("00.c", True, MONDAY)]
    questions = dict.fromkeys(["00.a", "00.b", "00.new"])
    assert review.due(questions, events, now=MONDAY) == ["00.b"]
    assert review.due(questions, events, now=MONDAY + timedelta(days=1)) == ["00.b", "00.a"]
    assert review.due(questions, [], now=MONDAY) == []


# Readiness


def question(key, task):
    options = tuple(Option(text, "because.", right=text == "B") for text in "ABCD")
    return Question(key, task, "What?", options)


MATERIAL = Material(
    "00",
    {},
    {"x": Exercise("00.x", "Do it.", ("a", "b", "c"), "3.2", "start")},
    {"q": question("00.q", "3.2"), "r": question("00.r", "1.1"), "beyond": question("00.beyond", "")},
)


def test_readiness_counts_what_was_passed():
    events = [
        answered("00.q", False, MONDAY),
        answered("00.q", True, MONDAY),
        answered("00.r", True, MONDAY),
        answered("00.r", False, MONDAY),
        {"at": MONDAY.isoformat(), "kind": "check", "key": "00.x", "passed": True},
        {"at": MONDAY.isoformat(), "kind": "check", "key": "00.x", "passed": False},
    ]
    found = {each.task: each for each in readiness([MATERIAL], events)}
    assert list(found) == ["1.1", "3.2"], "in the exam's order, and nothing beyond it"
    assert (found["3.2"].share, found["1.1"].share) == (1.0, 0.0)
    assert found["3.2"].name == "elastic compute"


def test_what_ran_unattended_is_nobodys_progress():
    event = {"at": MONDAY.isoformat(), "kind": "check", "key": "00.x", "passed": True, "unattended": True}
    assert [each.share for each in readiness([MATERIAL], [event])] == [0, 0]


def test_whoever_did_nothing_is_nowhere():
    assert [each.share for each in readiness([MATERIAL], [])] == [0, 0]


# Material and checks


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(LabError, match=r"Use one of: .*greet"):
        material.load("00").exercise("gret")
    assert material.load("00").exercise("00.greet").key == "00.greet"


def test_a_notebook_without_material_asks_nothing():
    assert material.load("98").questions == {}


def test_a_result_says_what_is_wrong_and_where_to_look():
    result = CheckResult("00.x", (Point("it is", True), Point("it works", False, "It doesn't.", "Look.")))
    assert not result.passed
    assert str(result) == "ok  it is\nNO  it works\n    It doesn't.\n    Look."


def test_the_record_is_readable_without_us(progress):
    progress.record("question", key="00.q", chosen=[1], right=True)
    [line] = progress.path.read_text().splitlines()
    assert json.loads(line)["chosen"] == [1]
