"""The study notes as chunks and paragraphs, the questions to them, and where an embedding model finds them.

A question names words of the passage that answers it, and the note: in its own language. The same passage in
the other language doesn't count, though a learner might be content with it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from labsupport.localcloud.knowledge_bases.chunking import chunks
from labsupport.localcloud.models.tokenizer import count
from labsupport.resources.data_source import MAX_TOKENS, OVERLAP_PERCENTAGE

ROOT = Path(__file__).parents[1]
NOTES = ROOT / "notebooks" / "notes"

Embed = Callable[[Sequence[str]], list[list[float]]]


class Passage(NamedTuple):
    """A part of a note: a chunk, or a paragraph."""

    note: str
    text: str


class Question(NamedTuple):
    """A question, and words of the passage that answers it."""

    text: str
    note: str
    words: str


def passages() -> list[Passage]:
    """Return the paragraphs of all notes in both languages, without the titles."""
    return [Passage(note, part) for note, text in _notes() for part in text.strip().split("\n\n")[1:]]


def note_chunks(max_tokens: int = MAX_TOKENS) -> list[Passage]:
    """Return the chunks that a knowledge base of the lab makes of all notes in both languages."""
    fixed = {"maxTokens": max_tokens, "overlapPercentage": OVERLAP_PERCENTAGE}
    chunking = {"chunkingStrategy": "FIXED_SIZE", "fixedSizeChunkingConfiguration": fixed}
    ingestion = {"chunkingConfiguration": chunking}
    return [Passage(note, chunk) for note, text in _notes() for chunk in chunks(text, ingestion, count)]


def questions(file: str = "note_questions.toml") -> list[Question]:
    """Return the questions of a file in tests/files."""
    entries = tomllib.loads((ROOT / "tests" / "files" / file).read_text(encoding="utf-8"))["question"]
    return [Question(entry["text"], entry["note"], entry["passage"]) for entry in entries]


def ranks(embed: Embed, asked: Sequence[Question], told: Sequence[Passage]) -> dict[str, int]:
    """Return the place of each question's passage among what is told, the nearest first: 1 is right.

    With an overlap two chunks may have it: the nearer one counts.
    """
    return {
        question.text: next(n for n, passage in enumerate(order, 1) if _answers(passage, question))
        for question, order in _orders(embed, asked, told)
    }


def in_first_three(embed: Embed, asked: Sequence[Question], told: Sequence[Passage]) -> int:
    """Return how many of the questions find their passage among the three nearest."""
    return sum(place <= 3 for place in ranks(embed, asked, told).values())


def _answers(passage: Passage, question: Question) -> bool:
    words = " ".join(question.words.split())
    return passage.note == question.note and words in " ".join(passage.text.split())


def _orders(
    embed: Embed, asked: Sequence[Question], told: Sequence[Passage]
) -> Iterator[tuple[Question, list[Passage]]]:
    """Yield each question with all passages, the nearest first."""
    nearness = np.array(embed([each.text for each in asked])) @ np.array(embed([p.text for p in told])).T
    for question, row in zip(asked, nearness, strict=True):
        yield question, [told[n] for n in np.argsort(-row)]


def _notes() -> Iterator[tuple[str, str]]:
    for path in sorted(NOTES.glob("*/*.md")):
        yield f"{path.parent.name}/{path.name}", path.read_text(encoding="utf-8")
