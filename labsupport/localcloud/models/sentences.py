"""Split a text into sentences, in English and in Vietnamese.

A full stop ends a sentence when white space and something that can begin a sentence follow, and when it
doesn't belong to an abbreviation ("Dr.", "TS."), to initials ("J. R.") or to a number ("18.5", "8.000").
"""

from __future__ import annotations

import re

# English ones first, then Vietnamese titles and places.
_ABBREVIATIONS = """
mr mrs ms dr prof st jr sr vs etc no vol fig inc ltd co e.g i.e cf approx dept est gen rev jan feb mar
apr jun jul aug sep sept oct nov dec ts ths pgs gs bs ks tp tx tt q p h đ.c ths.bs ts.bs gs.ts pgs.ts
"""
ABBREVIATIONS = frozenset(_ABBREVIATIONS.split())
END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)")
WORD_BEFORE = re.compile(r"[\w.]+$")
CAN_BEGIN = re.compile(r"\s+[\"'“\u2018«(\[]*[\w•\-–]")
BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+")
HEADING_LETTERS = 60
LONGEST_WORD = 24  # that can be an abbreviation


def split(text: str) -> list[str]:
    """Return the sentences of a text in its order, without the white space around them."""
    return [sentence for paragraph in _paragraphs(text) for sentence in _of_paragraph(paragraph)]


def _paragraphs(text: str) -> list[str]:
    """Return the parts that no sentence crosses: paragraphs, headings and the points of a list."""
    parts: list[str] = []
    running = ""
    for line in [*text.splitlines(), ""]:
        line = " ".join(line.split())
        heading = 0 < len(running) <= HEADING_LETTERS and running[-1] not in ".!?…,;:" and line[:1].isupper()
        if running and (not line or BULLET.match(line) or heading):
            parts.append(running)
            running = ""
        running = f"{running} {line}".strip()
    return parts


def _of_paragraph(paragraph: str) -> list[str]:
    sentences, begin = [], 0
    for end in END.finditer(paragraph + " "):
        if _ends(paragraph, end):
            sentences.append(paragraph[begin : end.end()].strip())
            begin = end.end()
    sentences.append(paragraph[begin:].strip())
    return [sentence for sentence in sentences if sentence]


def _ends(paragraph: str, end: re.Match[str]) -> bool:
    """Tell whether a sentence ends here."""
    following = CAN_BEGIN.match(paragraph, end.end())
    if following is None:
        return not paragraph[end.end() :].strip()
    if following[0][-1].islower():
        return False
    if end[0][0] != "." or end[0].startswith(".."):
        return True
    match = WORD_BEFORE.search(paragraph, max(0, end.start() - LONGEST_WORD), end.start())
    word = match[0] if match else ""
    # "Năm 2019, ..." ends after a number; "No. 5" and "1. First" don't.
    is_initial = len(word) == 1 and word.isupper()
    is_point = word.isdigit() and len(word) <= 2 and match is not None and match.start() == 0
    return not (is_initial or is_point or word.lower() in ABBREVIATIONS)
