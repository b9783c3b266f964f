"""Cut a document into chunks, as a data source's chunking configuration says.

Sentences stay whole where they can: a chunk ends before the sentence that would make it too long. Tokens are
those of the stand-in's tokenizer, so the cuts lie near AWS's and not at the same letters.

https://docs.aws.amazon.com/bedrock/latest/userguide/kb-chunking.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Count = Callable[[str], int]

DEFAULT_TOKENS, DEFAULT_OVERLAP_PERCENTAGE = 300, 20
STRATEGIES = ("FIXED_SIZE", "NONE")
"""The others that AWS has ask a model where to cut, or keep chunks in two sizes: not there."""

_SENTENCE = re.compile(r"\S.*?(?:[.!?:](?=\s)|\n\s*\n|\Z)", re.DOTALL)


def problem(ingestion: Mapping[str, Any] | None) -> str | None:
    """Return why the local cloud can't cut like that, or None."""
    strategy = _chunking(ingestion).get("chunkingStrategy", "FIXED_SIZE")
    if strategy in STRATEGIES:
        return None
    return f"The lab's local cloud cuts documents by {' and '.join(STRATEGIES)}; {strategy} is AWS only."


def chunks(text: str, ingestion: Mapping[str, Any] | None, count: Count) -> list[str]:
    """Cut a text.

    Args:
        text: the document.
        ingestion: the data source's vectorIngestionConfiguration; without one AWS's default applies.
        count: how many tokens a text has.
    """
    chunking = _chunking(ingestion)
    if chunking.get("chunkingStrategy") == "NONE":
        return [text.strip()] if text.strip() else []
    fixed = chunking.get("fixedSizeChunkingConfiguration", {})
    most = int(fixed.get("maxTokens", DEFAULT_TOKENS))
    overlap = most * int(fixed.get("overlapPercentage", DEFAULT_OVERLAP_PERCENTAGE)) // 100
    pieces = [piece for match in _SENTENCE.finditer(text) for piece in _fitting(match[0], most, count)]
    return _packed(pieces, most, overlap, count)


def _packed(pieces: list[str], most: int, overlap: int, count: Count) -> list[str]:
    """Put pieces together up to `most` tokens; the next chunk begins with the last ones, up to `overlap`."""
    sizes, found, first, at = [count(piece) for piece in pieces], list[str](), 0, 0
    while at < len(pieces):
        end = at
        while end < len(pieces) and (end == at or sum(sizes[first : end + 1]) <= most):
            end += 1
        found.append(" ".join(piece.strip() for piece in pieces[first:end]))
        first = at = end
        while first > 0 and sum(sizes[first - 1 : end]) <= overlap:
            first -= 1
    return found


def _fitting(sentence: str, most: int, count: Count) -> list[str]:
    """Halve a sentence between words until its pieces have at most `most` tokens."""
    words = sentence.split()
    if count(sentence) <= most or len(words) < 2:
        return [sentence]
    half = len(words) // 2
    return [piece for part in (words[:half], words[half:]) for piece in _fitting(" ".join(part), most, count)]


def _chunking(ingestion: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (ingestion or {}).get("chunkingConfiguration") or {}
