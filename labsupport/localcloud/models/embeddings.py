"""The stand-in for an embedding model: texts become vectors, and texts of like meaning come to lie close.

It is no neural network and has learned nothing. What it knows stands in `concepts.toml`: words of the
course's field and of daily life, English and Vietnamese, that mean nearly the same. So it finds a paraphrase,
and a Vietnamese passage for an English question, as long as they speak of what the lab speaks of. Of anything
else it sees only the words and their parts. The real Titan Text Embeddings V2 knows far more.

How a text becomes a vector (nothing is downloaded, and the same text gives the same numbers everywhere)::

    text → words (NFC, lower case; `words.py`)
         → features with weights: concepts and those near them, words, folded words, pairs, pieces of words
         → a concept, and the language, is an axis of its own; any other feature is a fixed random direction
           in the space that is left (signs out of SHAKE-128 of its name)
         → the weighted sum, turned by a Hadamard matrix so that every number says a little of everything
         → to the length 1

Random directions are only nearly at right angles, so words disturb each other a little, the more the fewer
dimensions there are (random projection). Concepts don't.

Measured with the lab's study notes in both languages: `tests/unit/test_embeddings.py`. Whoever wrote the
concepts knew the notes and the first twenty questions; those that were written later say what to expect.
"""

from __future__ import annotations

import functools
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from labsupport.localcloud.models.concepts import concept_names, concepts_in
from labsupport.localcloud.models.words import COMMON, fold, language_of, stem, words_of

DIMENSIONS = (256, 512, 1024)
"""What Titan Text Embeddings V2 offers:
https://docs.aws.amazon.com/bedrock/latest/userguide/titan-embedding-models.html"""

Vector = npt.NDArray[np.float32]

CONCEPT, WORD, FOLDED, PAIR, PIECE = 1.0, 0.5, 0.2, 0.3, 0.1
"""How much each kind of feature says of a text's meaning. With half or twice of each, single sentences
find the passage in the other language as often (0.88 to 0.91): these are no finely tuned numbers."""
COMMON_WORDS_SHARE = 0.1
LANGUAGE_SHARE = 0.3
"""Of two passages that say the same, the one in the question's language is a little nearer."""
AXES = 128
"""Dimensions for concepts and languages: one each, and some to spare."""


def embed(texts: Sequence[str], *, dimensions: int = 1024, normalize: bool = True) -> list[list[float]]:
    """Return a vector for each text.

    Args:
        texts: any texts; one without a word becomes a direction of its own.
        dimensions: 256, 512 or 1,024.
        normalize: to the length 1. Otherwise the length grows with the text.

    Raises:
        ValueError: another number of dimensions.
    """
    check(dimensions)
    return [_embed(text, dimensions, normalize=normalize).tolist() for text in texts]


def check(dimensions: int) -> None:
    """Require a number of dimensions that a vector can have.

    Raises:
        ValueError: it is another one.
    """
    if dimensions not in DIMENSIONS:
        raise ValueError(f"{dimensions} dimensions; a vector has 256, 512 or 1,024")


def _embed(text: str, dimensions: int, *, normalize: bool) -> Vector:
    found = turned(unturned(text, dimensions))
    return np.asarray(found / np.linalg.norm(found) if normalize else found, np.float32)


def unturned(text: str, dimensions: int) -> Vector:
    """Return a text's vector with its axes as they are: more than AXES dimensions, whatever length."""
    axes, vector = _axes(), np.zeros(dimensions, np.float32)
    for name, weight in (features(text) or {"nothing": 1.0}).items():
        if name in axes:
            vector[axes[name]] += weight
        else:
            vector[AXES:] += _direction(name)[: dimensions - AXES] * weight / np.sqrt(dimensions - AXES)
    return vector


def turned(vectors: Vector) -> Vector:
    """Return vectors of a power of two of dimensions turned, so that no axis can be seen; angles stay."""
    return np.asarray(vectors @ _hadamard(vectors.shape[-1]).T, np.float32)


def features(text: str) -> dict[str, float]:
    """Return what the stand-in sees in a text, each with its weight. Said n times, it counts √n times."""
    words = words_of(text)
    squares = defaultdict[str, float](float)
    for concept, share in concepts_in(words):
        squares[f"concept {concept}"] += (CONCEPT * share) ** 2
    for word in words:
        share = COMMON_WORDS_SHARE if word in COMMON else 1.0
        squares[f"word {stem(word)}"] += (WORD * share) ** 2
        squares[f"folded {fold(stem(word))}"] += (FOLDED * share) ** 2
        for piece in _pieces(stem(word)) if word not in COMMON else ():
            squares[f"piece {piece}"] += PIECE**2
    for first, second in pairwise(words):
        if first not in COMMON or second not in COMMON:
            squares[f"pair {stem(first)} {stem(second)}"] += PAIR**2
    squares[f"language {language_of(words)}"] = LANGUAGE_SHARE**2 * sum(squares.values())
    return {name: square**0.5 for name, square in squares.items() if square}


def _pieces(word: str) -> list[str]:
    """Return the pieces of four letters, so that a misspelt or compound word is like its parts."""
    padded = f"<{word}>"
    return [padded[n : n + 4] for n in range(len(padded) - 3)]


@functools.cache
def directions(name: str, number: int, dimensions: int) -> Vector:
    """Return so many fixed random directions, nearly at right angles, of the length 1."""
    signs = np.stack([_direction(f"{name} {place}")[:dimensions] for place in range(number)])
    return np.asarray(signs / np.sqrt(dimensions), np.float32)


@functools.lru_cache(maxsize=20_000)
def _direction(feature: str) -> npt.NDArray[np.int8]:
    """Return 1,024 signs that only the name decides."""
    bits = np.unpackbits(np.frombuffer(hashlib.shake_128(feature.encode()).digest(128), np.uint8))
    return (bits.astype(np.int8) * 2 - 1).astype(np.int8)


@functools.cache
def _axes() -> dict[str, int]:
    """Return the axis of each concept and language."""
    names = [*(f"concept {name}" for name in concept_names()), "language en", "language vi"]
    return {name: axis for axis, name in enumerate(names)}


@functools.cache
def _hadamard(dimensions: int) -> Vector:
    """Return a square matrix of equal numbers with signs, whose rows are at right angles (Sylvester)."""
    matrix = np.ones((1, 1), np.float32)
    while len(matrix) < dimensions:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return np.asarray(matrix / np.sqrt(dimensions), np.float32)
