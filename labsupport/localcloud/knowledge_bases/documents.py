"""Documents of a data source, and what a sync finds new, changed and deleted.

https://docs.aws.amazon.com/bedrock/latest/userguide/kb-data-source-sync-ingest.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

METADATA_SUFFIX = ".metadata.json"

Record = dict[str, Any]
"""A document as it is kept: Uri, ETag, Metadata, and Chunks, each with Text and Vector (float32 bytes)."""


@dataclass(frozen=True)
class Found:
    """An object in the bucket.

    Attributes:
        uri: s3://bucket/key
        etag: of the object and of its metadata file, so that a change of either is seen.
        read: returns text and metadata, or raises `Unreadable`.
    """

    uri: str
    etag: str
    read: Callable[[], tuple[str, dict[str, Any]]]


class Unreadable(Exception):
    """A document can't be indexed; the message is the job's failure reason."""


@dataclass
class Statistics:
    """What an ingestion job did, by the names that GetIngestionJob gives them."""

    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            [
                "NumberOfDocumentsScanned",
                "NumberOfMetadataDocumentsScanned",
                "NumberOfNewDocumentsIndexed",
                "NumberOfModifiedDocumentsIndexed",
                "NumberOfMetadataDocumentsModified",
                "NumberOfDocumentsDeleted",
                "NumberOfDocumentsFailed",
            ],
            0,
        )
    )
    failures: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Count one."""
        self.counts[name] += 1


def synchronise(
    found: Mapping[str, Found],
    kept: MutableMapping[str, Record],
    index: Callable[[str], list[Record]],
) -> Statistics:
    """Bring what is kept up to date with what is in the bucket. Unchanged documents are left alone.

    Args:
        found: the objects by their keys, metadata files left out.
        kept: the records by the same keys.
        index: cuts a text and returns its chunks with their vectors.
    """
    statistics = Statistics()
    for key in [key for key in kept if key not in found]:
        del kept[key]
        statistics.add("NumberOfDocumentsDeleted")
    for key, document in found.items():
        statistics.add("NumberOfDocumentsScanned")
        old = kept.get(key)
        if old and old["ETag"] == document.etag:
            continue
        try:
            text, metadata = document.read()
        except Unreadable as error:
            statistics.add("NumberOfDocumentsFailed")
            statistics.failures.append(str(error))
            continue
        kept[key] = {
            "Uri": document.uri,
            "ETag": document.etag,
            "Text": text,
            "Metadata": metadata,
            "Chunks": index(text),
        }
        statistics.add("NumberOfModifiedDocumentsIndexed" if old else "NumberOfNewDocumentsIndexed")
    return statistics
