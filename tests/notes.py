"""The study notes as passages, the questions to them, and where an embedding model finds them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).parents[1]
NOTES = ROOT / "notebooks" / "notes"

Embed = Callable[[Sequence[str]], list[list[float]]]


class Passage(NamedTuple):
    """A paragraph of a note."""

    note: str
    text: str


class Question(NamedTuple):
    """A question, and words of the passage that answers it."""

    text: str
    note: str
    words: str


def passages() -> list[Passage]:
    """Return the paragraphs of all notes in both languages, without the titles."""
    found = []
    for path in sorted(NOTES.glob("*/*.md")):
        _, *paragraphs = path.read_text(encoding="utf-8").strip().split("\n\n")
        found += [Passage(f"{path.parent.name}/{path.name}", paragraph) for paragraph in paragraphs]
    return found


def questions(file: str = "note_questions.toml") -> list[Question]:
    """Return the questions of a file in tests/files."""
    entries = tomllib.loads((ROOT / "tests" / "files" / file).read_text(encoding="utf-8"))["question"]
    return [Question(entry["text"], entry["note"], entry["passage"]) for entry in entries]


def ranks(embed: Embed, asked: Sequence[Question]) -> dict[str, int]:
    """Return the place of each question's passage among all passages, the nearest first: 1 is right."""
    places = {}
    for question, order in _orders(embed, asked):
        [place] = [n for n, p in enumerate(order, 1) if p.note == question.note and question.words in p.text]
        places[question.text] = place
    return places


def note_ranks(embed: Embed, asked: Sequence[Question]) -> dict[str, int]:
    """Return the place of each question's note among the thirty, by the nearest passage of each."""
    return {
        question.text: 1 + list(dict.fromkeys(passage.note for passage in order)).index(question.note)
        for question, order in _orders(embed, asked)
    }


def _orders(embed: Embed, asked: Sequence[Question]) -> Iterator[tuple[Question, list[Passage]]]:
    """Yield each question with all passages, the nearest first."""
    told = passages()
    nearness = np.array(embed([each.text for each in asked])) @ np.array(embed([p.text for p in told])).T
    for question, row in zip(asked, nearness, strict=True):
        yield question, [told[n] for n in np.argsort(-row)]
