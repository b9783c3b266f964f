"""Answer a question with sentences of the given text, or say that the text doesn't say it.

A sentence counts by the question's words that it has, rare ones more than common ones, and by whether it has
the kind of thing that is asked for: a number for "how many", a name for "who". Below a threshold the answer
is that the text doesn't say it. The scores of the sentences are logits, as in `summarizer.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from labsupport.localcloud.models import content, sentences
from labsupport.localcloud.models.summarizer import Sampler

NOT_SAID = {False: "The given text doesn't say that.", True: "Văn bản đã cho không nói điều đó."}
# The share of the question's words, by weight, that a sentence must have.
ENOUGH = 0.45
SHARPNESS = 8.0
NUMBER = re.compile(r"\d")
NAME = re.compile(r"(?<=[a-zà-ỹ,] )[A-ZĐÀ-Ỹ]\w+")
ASKS_NUMBER = re.compile(
    r"\bhow (many|much|long|old|far|often)\b|\bwhen\b|\bwhat (year|date|time|price)\b|"
    r"\bbao nhiêu\b|\bbao lâu\b|\bmấy\b|\bkhi nào\b|\bnăm nào\b|\bngày nào\b",
    re.IGNORECASE,
)
ASKS_NAME = re.compile(r"\bwho(m|se)?\b|\bwhere\b|\bai\b|\bở đâu\b", re.IGNORECASE)
# Words that ask, and are not in the answer.
ASKING = frozenset(
    content.words("many much long tell say says said explain happen happened question answer please")
) | {"mấy", "lâu", "đâu", "hỏi", "tại", "nhiêu"}


def answer(question: str, text: str, sampler: Sampler, *, otherwise: str | None = None) -> str:
    """Return the sentence of a text that answers a question, or `otherwise`: that the text doesn't say it."""
    found = sentences.split(text)
    scores = relevance(question, found)
    if max(scores, default=0.0) < ENOUGH:
        return otherwise or NOT_SAID[content.is_vietnamese(question)]
    fitting = [place for place, score in enumerate(scores) if score >= ENOUGH]
    bonus = _kind_bonus(question, [found[place] for place in fitting])
    logits = [SHARPNESS * (scores[place] + extra) for place, extra in zip(fitting, bonus, strict=True)]
    first = fitting[sampler.choose(logits)]
    return found[first]


def relevance(question: str, found: Sequence[str]) -> list[float]:
    """Return for each sentence the share of the question's words, by weight, that it has: 0 to 1."""
    asked = [word for word in dict.fromkeys(content.words(question)) if word not in ASKING]
    held = [set(content.words(sentence)) for sentence in found]
    if not asked:
        return [0.0] * len(found)
    in_how_many = Counter(word for sentence in held for word in sentence)
    weight = {word: np.log(1 + len(found) / (0.5 + in_how_many[word])) for word in asked}
    total = sum(weight.values())
    return [float(sum(weight[word] for word in asked if word in sentence) / total) for sentence in held]


def _kind_bonus(question: str, found: Sequence[str]) -> list[float]:
    kind = NUMBER if ASKS_NUMBER.search(question) else NAME if ASKS_NAME.search(question) else None
    return [0.25 if kind and kind.search(sentence) else 0.0 for sentence in found]
