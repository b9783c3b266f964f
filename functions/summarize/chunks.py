"""Split a long text into parts that a model reads in one call."""

import re

# Where a text may be parted, the best place first: paragraphs, lines, sentences, words.
BREAKS = (r"\n\s*\n", r"\n", r"(?<=[.!?…])\s+", r"\s+")
PARAGRAPH = "\n\n"
JOINTS = {BREAKS[0]: PARAGRAPH, BREAKS[1]: "\n"}


def split(text: str, most_characters: int) -> list[str]:
    """Return parts of at most so many characters. No word is lost."""
    text = text.strip()
    if len(text) <= most_characters:
        return [text]
    for pattern in BREAKS:
        pieces = [piece for piece in re.split(pattern, text) if piece.strip()]
        if len(pieces) > 1:
            joined = join(pieces, JOINTS.get(pattern, " "), most_characters)
            return [part for each in joined for part in split(each, most_characters)]
    return [text[start : start + most_characters] for start in range(0, len(text), most_characters)]


def join(pieces: list[str], joint: str, most_characters: int) -> list[str]:
    """Put neighbours together as long as they fit."""
    parts = [pieces[0]]
    for piece in pieces[1:]:
        if len(parts[-1]) + len(joint) + len(piece) <= most_characters:
            parts[-1] += joint + piece
        else:
            parts.append(piece)
    return parts
