"""The commands for learners: hints, review, progress. In this process, with a record of the test's own."""

from __future__ import annotations

import io
import json

import pytest

from labsupport.cli import main
from labsupport.learning import material
from labsupport.learning.progress import Progress


@pytest.fixture
def progress(tmp_path, monkeypatch) -> Progress:
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    monkeypatch.setenv("LAB_OWNER", "mai")
    return Progress(tmp_path / "progress" / "mai.jsonl")


def answer(monkeypatch, words: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(words))


def test_hints_open_one_after_the_other(progress, capsys):
    exercise = material.find_exercise("05.policy")
    for number in (1, 2, 3):
        assert main(["hint", "05.policy"]) == 0
        shown = capsys.readouterr().out
        assert [hint in shown for hint in exercise.hints] == [place < number for place in range(3)]
    assert main(["hint", "05.policy"]) == 0
    assert "These are all the hints." in capsys.readouterr().out
    assert [event["tier"] for event in progress.events("hint")] == [1, 2, 3]


@pytest.mark.parametrize("key", ["05.polcy", "77.x", "policy", ""])
def test_an_unknown_exercise_is_answered_with_those_there_are(progress, capsys, key):
    assert main(["hint", key]) == 1
    assert "Use one of" in capsys.readouterr().err
    assert progress.events() == []


def missed(progress: Progress) -> material.Question:
    question = next(iter(material.load("00").questions.values()))
    progress.record("question", key=question.key, chosen=[0], right=False)
    return question


def test_a_missed_question_is_asked_until_it_is_right(progress, monkeypatch, capsys):
    question = missed(progress)
    [right] = question.right
    answer(monkeypatch, f"?\n\nABC\n{'abcd'[right]}\n")
    assert main(["review"]) == 0
    shown = capsys.readouterr().out
    assert question.text in shown and "Write one letter." in shown and "1 of 1 right." in shown
    assert all(option.why in shown for option in question.options)
    assert main(["review"]) == 0
    assert "Nothing is due." in capsys.readouterr().out


def test_the_end_of_the_input_ends_a_review_and_loses_nothing(progress, monkeypatch, capsys):
    missed(progress)
    answer(monkeypatch, "")
    assert main(["review"]) == 0
    assert "1 are left for another time" in capsys.readouterr().out
    assert len(progress.events("question")) == 1


def test_progress_can_be_shown_and_collected(progress, tmp_path, capsys):
    missed(progress)
    assert main(["progress"]) == 0
    assert "1 questions wait" in capsys.readouterr().out
    file = tmp_path / "mine.json"
    assert main(["progress", "--export", str(file)]) == 0
    exported = json.loads(file.read_text())
    assert exported["learner"] == "mai"
    assert exported["events"] == progress.events()
    assert {"task", "share", "questions"} <= exported["readiness"][0].keys()


def test_a_file_that_cant_be_written_is_explained(progress, tmp_path, capsys):
    assert main(["progress", "--export", str(tmp_path / "no" / "mine.json")]) == 1
    assert "Name a file in a folder that exists" in capsys.readouterr().err
