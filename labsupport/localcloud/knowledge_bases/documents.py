"""Documents of a data source, and what a sync finds new, changed and deleted.

https://docs.aws.amazon.com/bedrock/latest/userguide/kb-data-source-sync-ingest.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

METADATA_SUFFIX = ".metadata.json"

Record = dict[str, Any]
"""A document as it is kept: Uri, ETag, Text, Metadata, and Vectors, the keys of its chunks' vectors."""


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
    index: Callable[[Found, str, Mapping[str, Any]], list[str]],
    forget: Callable[[Sequence[str]], None],
) -> Statistics:
    """Bring what is kept up to date with what is in the bucket. Unchanged documents are left alone.

    Args:
        found: the objects by their keys, metadata files left out.
        kept: the records by the same keys.
        index: cuts the text of an object with its metadata, keeps the vectors, and returns their keys.
        forget: deletes the vectors of these keys.
    """
    statistics = Statistics()
    for key in [key for key in kept if key not in found]:
        forget(kept[key]["Vectors"])
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
        vectors = index(document, text, metadata)
        if old:
            forget(old["Vectors"])
        kept[key] = {
            "Uri": document.uri,
            "ETag": document.etag,
            "Text": text,
            "Metadata": metadata,
            "Vectors": vectors,
        }
        statistics.add("NumberOfModifiedDocumentsIndexed" if old else "NumberOfNewDocumentsIndexed")
    return statistics
