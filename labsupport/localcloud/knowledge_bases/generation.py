"""An answer to a question, made of sentences of the passages that were found, with citations.

The stand-in writes nothing: it takes the sentences that lie nearest to the question, one passage after the
other, and says which passage each comes from. If no passage is near enough it says that it can't help. A
model on AWS writes sentences of its own; the shape of the answer is the same.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrieveAndGenerate.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labsupport.localcloud.knowledge_bases.retrieval import Passage
from labsupport.localcloud.models.sentences import split

Embed = Callable[[Sequence[str]], list[list[float]]]

UNABLE = "Sorry, I am unable to assist you with this request."
NEAR_ENOUGH = 0.25
"""A passage's score. Of 50 questions to the study notes, in chunks of 150 tokens, 46 find one that is as
near, with MiniLM as many. Of 20 about bread, football or trains 3 do too, with MiniLM 5, and get an answer
beside the point; 0.28 would refuse hardly more of those, and 9 of the 50. A score is no knowledge."""
PASSAGES, SENTENCES = 2, 2


@dataclass(frozen=True)
class Part:
    """Some sentences of an answer, and the passage that they come from."""

    text: str
    passage: Passage


def answer(question: str, passages: Sequence[Passage], embed: Embed) -> tuple[str, list[dict[str, Any]]]:
    """Return the answer's text and its citations, with spans that count characters, the end included."""
    parts = [
        Part(_best_sentences(question, passage.text, embed), passage)
        for passage in passages[:PASSAGES]
        if passage.score >= NEAR_ENOUGH and passage.score >= 0.8 * passages[0].score
    ]
    if not parts:
        return UNABLE, []
    text, citations = "", []
    for part in parts:
        start = len(text) + bool(text)
        text = f"{text} {part.text}".strip()
        citations.append(_citation(part, start))
    return text, citations


def _citation(part: Part, start: int) -> dict[str, Any]:
    span = {"start": start, "end": start + len(part.text) - 1}
    return {
        "generatedResponsePart": {"textResponsePart": {"text": part.text, "span": span}},
        "retrievedReferences": [part.passage.reference()],
    }


def _best_sentences(question: str, text: str, embed: Embed) -> str:
    """Return the sentences of a text that lie nearest to the question, in the text's order."""
    found = [sentence for sentence in split(text) if not sentence.startswith("#")] or [text]
    asked, *vectors = np.array(embed([question, *found]))
    best = sorted(np.argsort(-(np.array(vectors) @ asked), kind="stable")[:SENTENCES])
    return " ".join(found[place] for place in best)
