"""Chunks as vectors with metadata, and as the passages that a question finds.

https://docs.aws.amazon.com/bedrock/latest/userguide/kb-how-retrieval.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_RESULTS = 5
TEXT = "AMAZON_BEDROCK_TEXT"
URI, CHUNK, SOURCE = (f"x-amz-bedrock-kb-{name}" for name in ("source-uri", "chunk-id", "data-source-id"))


@dataclass(frozen=True)
class Passage:
    """A chunk that was found.

    Attributes:
        metadata: of the document, and what Knowledge Bases adds to it.
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
            "metadata": dict(self.metadata) | {URI: self.uri},
        }


def metadata_of(
    text: str, uri: str, chunk_id: str, data_source_id: str, metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a chunk's vector carries."""
    return {**metadata, TEXT: text, URI: uri, CHUNK: chunk_id, SOURCE: data_source_id}


def passage(metadata: Mapping[str, Any], score: float) -> Passage | None:
    """Return the passage of a vector that was found; None for one that Knowledge Bases didn't keep."""
    if TEXT not in metadata or URI not in metadata:
        return None
    others = {name: value for name, value in metadata.items() if name != TEXT}
    return Passage(str(metadata[TEXT]), str(metadata[URI]), others, score)
