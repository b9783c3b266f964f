"""Summarise a text with its own sentences.

Each sentence has a score: how central it is among the others (LexRank), where it stands, whether it says
numbers, and whether it says what follows from the rest (Edmundson's cue words). The scores are logits. One
sentence after the other is drawn by temperature and top-p (`sampling.py`), never one twice, and what repeats
a sentence that was drawn already loses by it (maximal marginal relevance). The summary has them in the text's
order.

Erkan and Radev, LexRank (2004); Edmundson, New Methods in Automatic Extracting (1969);
Carbonell and Goldstein, The Use of MMR (1998).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labsupport.localcloud.models import content, sampling, sentences

# How much each feature counts. Set by hand, before any of the texts that the tests hold was tried.
CENTRALITY, POSITION, NUMBERS, CUES, LENGTH = 1.0, 0.5, 0.5, 0.8, 0.6
REDUNDANCY = 2.0
SHARPNESS = 1.0  # logits are this many times the standardised score: at 0.7 a summary varies
DAMPING, ROUNDS = 0.85, 30
GOOD_WORDS = (8, 45)
DEFAULT_SENTENCES = 3

CUE_WORDS = re.compile(
    r"\b(therefore|conclud\w+|result\w*|recommend\w*|decid\w+|voted|agreed|shows?|found|cause|because|"
    r"in the long run|from now on|will|must|confirmed|persuaded|"
    r"kết luận|kết quả|vì vậy|do đó|quyết định|khuyên|đề nghị|cho thấy|sẽ|nguyên nhân|phải|theo thống kê|"
    r"giảm|tăng)\b",
    re.IGNORECASE,
)
LEANS_ON_OTHERS = re.compile(
    r"^(it|they|he|she|this|that|these|those|there was|somebody|but|and|or|họ|nó|bà|có người)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sampler:
    """How candidates are chosen."""

    temperature: float
    top_p: float
    generator: np.random.Generator

    def choose(self, logits: Sequence[float]) -> int:
        """Draw a candidate."""
        return sampling.choose(
            logits, temperature=self.temperature, top_p=self.top_p, generator=self.generator
        )


def summarise(text: str, number: int, sampler: Sampler) -> list[str]:
    """Return `number` sentences of a text, or all that it has, in its order."""
    candidates = candidate_sentences(text)
    if len(candidates) <= number:
        return candidates
    rows = content.vectors(candidates)
    similar = rows @ rows.T
    base = logits(candidates, similar)
    drawn: list[int] = []
    while len(drawn) < number:
        left = [place for place in range(len(candidates)) if place not in drawn]
        repeated = similar[:, drawn].max(axis=1) if drawn else np.zeros(len(candidates))
        current = base - REDUNDANCY * SHARPNESS * repeated
        drawn.append(left[sampler.choose([float(current[place]) for place in left])])
    return [candidates[place] for place in sorted(drawn)]


def candidate_sentences(text: str) -> list[str]:
    """Return what can stand in a summary: whole sentences, not headings or greetings. Each is there once."""
    found = list(dict.fromkeys(sentences.BULLET.sub("", each) for each in sentences.split(text)))
    whole = [each for each in found if each[-1] in ".!?…\"'”’»)" and len(each.split()) > 3]
    return whole or found


def logits(candidates: Sequence[str], similar: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the score of each sentence, as the sampling takes it.

    Args:
        candidates: sentences.
        similar: how like each is to each other, 0 to 1.
    """
    places = np.arange(len(candidates)) / max(1, len(candidates) - 1)
    lengths = np.array([len(each.split()) for each in candidates])
    misfit = np.maximum(0, GOOD_WORDS[0] - lengths) / 4 + np.maximum(0, lengths - GOOD_WORDS[1]) / 10
    leaning = np.array([bool(LEANS_ON_OTHERS.match(each)) for each in candidates])
    numbers = np.array([min(3, len(re.findall(r"\d[\d.,]*", each))) for each in candidates])
    cues = np.array([min(2, len(CUE_WORDS.findall(each))) for each in candidates])
    score = (
        CENTRALITY * _standard(_centrality(similar))
        + POSITION * (np.exp(-4 * places) + 0.6 * np.exp(-4 * (1 - places)))
        + NUMBERS * _standard(numbers)
        + CUES * _standard(cues)
        - LENGTH * (misfit + leaning)
    )
    return SHARPNESS * _standard(score)


def _centrality(similar: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of time that a walk from sentence to similar sentence spends at each."""
    number = len(similar)
    others = similar * (1 - np.eye(number))
    sums = others.sum(axis=1, keepdims=True)
    steps = np.where(sums > 0, others / np.where(sums > 0, sums, 1), 1 / number)
    share = np.full(number, 1 / number)
    for _ in range(ROUNDS):
        share = (1 - DAMPING) / number + DAMPING * share @ steps
    return share


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = values.std()
    centred: NDArray[np.float64] = values - values.mean()
    return centred / spread if spread > 0 else centred
