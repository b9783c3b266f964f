"""Where an ingestion job reads S3, with the knowledge base's service role, and keeps vectors.

https://docs.aws.amazon.com/bedrock/latest/userguide/kb-data-source-sync-ingest.html
https://docs.aws.amazon.com/bedrock/latest/userguide/kb-permissions.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from labsupport.localcloud.knowledge_bases import chunking, storage
from labsupport.localcloud.knowledge_bases.documents import (
    METADATA_SUFFIX,
    Found,
    Statistics,
    Unreadable,
    synchronise,
)
from labsupport.localcloud.knowledge_bases.retrieval import metadata_of
from labsupport.localcloud.ministack.knowledge_base_records import Denied, KnowledgeBaseRecords
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.models import tokenizer
from labsupport.localcloud.models.embedding_choice import embed
from labsupport.localcloud.vector_store.store import Refused

KnowledgeBase = Mapping[str, Any]


class KnowledgeBaseIngestionSeam:
    """Ingestion jobs, behind MiniStack's control plane."""

    def __init__(self, records: KnowledgeBaseRecords) -> None:
        """Take MiniStack's modules."""
        from ministack.services import s3

        self._s3: Any = s3
        self._records = records

    def attach(self) -> None:
        """Stand in the place of MiniStack's own reading."""
        replace(self._records.agent, "_run_s3_ingestion", lambda _original: self._ingest)

    def _ingest(
        self, kb_id: str, ds_id: str, data_source: Mapping[str, Any]
    ) -> tuple[dict[str, int], list[str]]:
        """Return a job's statistics and failure reasons. One that may not do it fails as a whole."""
        knowledge_base = self._records.agent._knowledge_bases[kb_id]
        try:
            statistics = self._synchronise(knowledge_base, ds_id, data_source)
        except (Denied, Refused, Unreadable) as error:
            return Statistics().counts, [str(error)]
        failed, scanned = (statistics.counts[f"NumberOfDocuments{end}"] for end in ("Failed", "Scanned"))
        if failed and failed == scanned:  # MiniStack calls a job failed that has scanned nothing
            return Statistics().counts, statistics.failures
        return statistics.counts, statistics.failures

    def _synchronise(
        self, knowledge_base: KnowledgeBase, ds_id: str, data_source: Mapping[str, Any]
    ) -> Statistics:
        config = data_source["DataSourceConfiguration"]
        if config.get("type") != "S3":
            raise Unreadable(f"The lab's local cloud reads S3 only, not {config.get('type')}.")
        bucket_arn = config["s3Configuration"]["bucketArn"]
        self._records.require(knowledge_base, "s3:ListBucket", bucket_arn)
        model_arn = storage.model_arn(knowledge_base, self._records.scope().region)
        self._records.require(knowledge_base, "bedrock:InvokeModel", model_arn)
        self._records.require_vectors(knowledge_base, "PutVectors")
        bucket = self._s3._buckets.get(bucket_arn.rpartition(":")[2])
        if bucket is None:
            raise Unreadable("The specified bucket does not exist")
        prefixes = config["s3Configuration"].get("inclusionPrefixes") or [""]
        found = dict(self._documents(knowledge_base, bucket_arn, bucket, prefixes))
        statistics = synchronise(
            found,
            self._records.documents(knowledge_base["KnowledgeBaseId"], ds_id),
            self._indexing(knowledge_base, ds_id, data_source.get("VectorIngestionConfiguration")),
            self._forgetting(knowledge_base),
        )
        statistics.counts["NumberOfMetadataDocumentsScanned"] = sum(
            f"{key}{METADATA_SUFFIX}" in bucket["objects"] for key in found
        )
        return statistics

    def _indexing(
        self, knowledge_base: KnowledgeBase, ds_id: str, ingestion: Mapping[str, Any] | None
    ) -> Callable[[Found, str, Mapping[str, Any]], list[str]]:
        index, dimensions = self._records.index(knowledge_base), storage.dimensions(knowledge_base)

        def keep(document: Found, text: str, metadata: Mapping[str, Any]) -> list[str]:
            texts = chunking.chunks(text, ingestion, tokenizer.count)
            keys = [str(uuid.uuid4()) for _ in texts]
            vectors = embed(texts, dimensions=dimensions) if texts else []
            for key, chunk, vector in zip(keys, texts, vectors, strict=True):
                index.put(key, vector, metadata_of(chunk, document.uri, key, ds_id, metadata))
            return keys

        return keep

    def _forgetting(self, knowledge_base: KnowledgeBase) -> Callable[[Sequence[str]], None]:
        def forget(keys: Sequence[str]) -> None:
            self._records.require_vectors(knowledge_base, "DeleteVectors")
            vectors = self._records.index(knowledge_base).vectors
            for key in keys:
                vectors.pop(key, None)

        return forget

    def _documents(
        self, knowledge_base: KnowledgeBase, bucket_arn: str, bucket: Mapping[str, Any], prefixes: list[str]
    ) -> Iterator[tuple[str, Found]]:
        objects, name = bucket["objects"], bucket_arn.rpartition(":")[2]
        for key in sorted(objects):
            if key.endswith(("/", METADATA_SUFFIX)) or not key.startswith(tuple(prefixes)):
                continue
            side = objects.get(f"{key}{METADATA_SUFFIX}", {})
            etag = f"{objects[key]['etag']} {side.get('etag', '')}"
            yield key, Found(f"s3://{name}/{key}", etag, self._reader(knowledge_base, bucket_arn, key))

    def _reader(
        self, knowledge_base: KnowledgeBase, bucket_arn: str, key: str
    ) -> Callable[[], tuple[str, dict[str, Any]]]:
        def read() -> tuple[str, dict[str, Any]]:
            name = bucket_arn.rpartition(":")[2]
            try:
                self._records.require(knowledge_base, "s3:GetObject", f"{bucket_arn}/{key}")
                text = self._s3._get_object_data(name, key).decode("utf-8")
            except Denied as denied:
                raise Unreadable(str(denied)) from denied
            except UnicodeDecodeError:
                raise Unreadable(f"s3://{name}/{key} is not text in UTF-8.") from None
            side = f"{key}{METADATA_SUFFIX}"
            has_side = side in self._s3._buckets[name]["objects"]
            raw = self._s3._get_object_data(name, side) if has_side else b""
            return text, self._records.agent._metadata_attributes(raw)

        return read
