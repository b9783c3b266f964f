"""The concepts that the stand-in embedding model knows, and where a text speaks of them (`concepts.toml`)."""

from __future__ import annotations

import functools
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib import resources

from labsupport.localcloud.models.words import fold, stem, words_of

NEAR_SHARE = 0.5
LONGEST = 5
"""Words in a phrase."""

Phrases = dict[tuple[str, ...], list[str]]


def concepts_in(words: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Yield each concept that a text names, with 1, and those near to it, with less.

    The longest phrase wins: "cold start" is no start. Vietnamese without diacritics is understood too, but
    only phrases of two syllables and more; a single one could be many words.
    """
    phrases, neighbours = _lexicon()
    known = phrases if any(not word.isascii() for word in words) else _folded()
    stems, at = [stem(word) for word in words], 0
    while at < len(stems):
        length = _longest(stems[at : at + LONGEST], known)
        for concept in known.get(tuple(stems[at : at + length]), ()):
            yield concept, 1.0
            yield from ((near, NEAR_SHARE) for near in neighbours[concept])
        at += max(length, 1)


def concept_names() -> list[str]:
    """Return the names of all concepts, in alphabetical order."""
    return sorted(_lexicon()[1])


def _longest(stems: Sequence[str], known: Phrases) -> int:
    """Return how many words, from the first on, make the longest known phrase; 0 if none do."""
    return next((n for n in range(len(stems), 0, -1) if tuple(stems[:n]) in known), 0)


@functools.cache
def _lexicon() -> tuple[Phrases, dict[str, list[str]]]:
    """Return the concepts of each phrase, and the concepts near to each concept."""
    text = resources.files("labsupport.localcloud.models").joinpath("concepts.toml").read_text("utf-8")
    phrases, neighbours = defaultdict[tuple[str, ...], list[str]](list), {}
    for concept, entry in tomllib.loads(text).items():
        neighbours[concept] = entry.get("near", "").split(", ") if "near" in entry else []
        for phrase in f"{entry['en']}, {entry['vi']}".split(", "):
            key = tuple(stem(word) for word in words_of(phrase))
            if concept not in phrases[key]:
                phrases[key].append(concept)
    return dict(phrases), neighbours


@functools.cache
def _folded() -> Phrases:
    """Return the phrases for a text without any diacritics."""
    phrases, _ = _lexicon()
    plain = {tuple(map(fold, key)): concepts for key, concepts in phrases.items() if len(key) > 1}
    return plain | phrases
