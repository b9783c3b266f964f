"""Cut text into tokens: an approximation of what a model's own tokenizer does.

The tokenizers of Bedrock's models are not published. This one needs no vocabulary: a short word is one token,
with the space before it, a longer one is several. English text has about four characters to a token, and
Vietnamese about three, as common tokenizers have it. Counts are near a model's, and never equal to them.

A token is its own text, so that a lesson can show tokens as tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

# In this order: a word with the space before it, up to three digits, marks, and what is left of white space.
PIECE = re.compile(r" ?[^\W\d_]+| ?\d{1,3}| ?(?:[^\w\s]|_)+|\s+(?!\S)|\s")
# The longest word that is one token, and the length of the parts of a longer one. Letters with marks, as
# Vietnamese has them, take more of a tokenizer's vocabulary.
PLAIN_LETTERS, PLAIN_PART = 8, 5
MARKED_LETTERS, MARKED_PART = 4, 3


def encode(text: str) -> list[str]:
    """Return the tokens of a text. Joined they are the text again."""
    return [part for piece in PIECE.findall(text) for part in _parts(piece)]


def decode(tokens: Iterable[str]) -> str:
    """Return the text that tokens make."""
    return "".join(tokens)


def count(text: str) -> int:
    """Return how many tokens a text has."""
    return len(encode(text))


def _parts(piece: str) -> Iterator[str]:
    longest, length = (PLAIN_LETTERS, PLAIN_PART) if piece.isascii() else (MARKED_LETTERS, MARKED_PART)
    space = 1 if piece[0] == " " else 0
    if len(piece) - space <= longest:
        yield piece
        return
    yield piece[: length + space]
    for start in range(length + space, len(piece), length):
        yield piece[start : start + length]
