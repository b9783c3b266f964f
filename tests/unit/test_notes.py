"""The study notes in notebooks/notes, and the questions that are asked to them."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTES = ROOT / "notebooks" / "notes"
PATHS = sorted(NOTES.glob("*/*.md"))
QUESTIONS = tomllib.loads((ROOT / "tests/files/note_questions.toml").read_text(encoding="utf-8"))["question"]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_each_note_is_there_in_both_languages() -> None:
    names = {language: {path.name for path in (NOTES / language).iterdir()} for language in ("en", "vi")}
    assert names["en"] == names["vi"]
    assert 12 <= len(names["en"]) <= 16


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_note_has_a_title_and_paragraphs(path: Path) -> None:
    title, *paragraphs = path.read_text(encoding="utf-8").strip().split("\n\n")
    assert title.startswith("# ")
    assert 3 <= len(paragraphs) <= 5
    assert 120 <= len(words(" ".join(paragraphs))) <= 300


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_letters_are_composed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert unicodedata.normalize("NFC", text) == text
    assert (re.search("[ăâđêôơưạảấầ]", text) is not None) == (path.parent.name == "vi")


def test_there_are_ten_questions_in_each_language() -> None:
    languages = [question["note"].split("/")[0] for question in QUESTIONS]
    assert (languages.count("en"), languages.count("vi")) == (10, 10)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["text"][:30])
def test_a_question_has_one_passage_and_other_words(question: dict[str, str]) -> None:
    paragraphs = (NOTES / question["note"]).read_text(encoding="utf-8").split("\n\n")
    [passage] = [paragraph for paragraph in paragraphs if question["passage"] in paragraph]
    asked = question["text"].lower()
    # No four words in a row are the passage's.
    told = words(passage.lower())
    assert not any(" ".join(told[n : n + 4]) in asked for n in range(len(told) - 3))
