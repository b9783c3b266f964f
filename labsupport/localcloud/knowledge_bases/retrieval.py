"""The chunks that are nearest to a question.

https://docs.aws.amazon.com/bedrock/latest/userguide/kb-how-retrieval.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

DEFAULT_RESULTS = 5


@dataclass(frozen=True)
class Passage:
    """A chunk that was found.

    Attributes:
        score: the cosine of the angle between question and chunk, at most 1.
    """

    text: str
    uri: str
    metadata: Mapping[str, Any]
    score: float

    def reference(self) -> dict[str, Any]:
        """Return what AWS calls a retrieved reference."""
        return {
            "content": {"type": "TEXT", "text": self.text},
            "location": {"type": "S3", "s3Location": {"uri": self.uri}},
            "metadata": dict(self.metadata) | {"x-amz-bedrock-kb-source-uri": self.uri},
        }


def as_bytes(vector: Sequence[float]) -> bytes:
    """Return a vector as it is kept."""
    return np.asarray(vector, "<f4").tobytes()


def nearest(
    question: Sequence[float],
    documents: Iterable[Mapping[str, Any]],
    number: int,
    fits: Callable[[Mapping[str, Any]], bool] = lambda metadata: True,
) -> list[Passage]:
    """Return the passages nearest to a question's vector, the nearest first.

    Args:
        question: a vector of the length 1.
        documents: records of `documents.py`.
        number: how many at the most.
        fits: tells by a document's metadata whether it may be among them.
    """
    asked = np.asarray(question, np.float32)
    found = [
        Passage(
            chunk["Text"],
            document["Uri"],
            document["Metadata"],
            float(np.frombuffer(chunk["Vector"], "<f4") @ asked),
        )
        for document in documents
        if fits(document["Metadata"])
        for chunk in document["Chunks"]
    ]
    return sorted(found, key=lambda passage: -passage.score)[:number]
