"""The vector index that a knowledge base keeps its vectors in: one of S3 Vectors, which is the customer's.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-bedrock-kb.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.localcloud.vector_store.store import Index, Refused, Scope, VectorStore

KnowledgeBase = Mapping[str, Any]
"""MiniStack's record of a knowledge base."""

INVALID = "The knowledge base storage configuration provided is invalid..."


def index_arn(storage: Mapping[str, Any]) -> str | None:
    """Return the ARN of the index that a storageConfiguration names, or None."""
    named = storage.get("s3VectorsConfiguration") or {}
    if arn := named.get("indexArn"):
        return str(arn)
    bucket, index = named.get("vectorBucketArn"), named.get("indexName")
    return f"{bucket}/index/{index}" if bucket and index else None


def problem(
    storage: Mapping[str, Any] | None, dimensions: int, store: VectorStore, scope: Scope
) -> str | None:
    """Return why a knowledge base can't keep vectors of these dimensions there, or None."""
    kind = (storage or {}).get("type")
    if not storage:
        return f"{INVALID} Knowledge bases of the type VECTOR need a storageConfiguration."
    if kind != "S3_VECTORS":
        return f"The lab's local cloud keeps vectors in S3_VECTORS; {kind} is AWS only."
    arn = index_arn(storage)
    if arn is None:
        return f"{INVALID} s3VectorsConfiguration needs indexArn, or vectorBucketArn and indexName."
    try:
        index = store.index_of_arn(scope, arn)
    except Refused as error:
        return f"{INVALID} {error}: {arn}"
    if index.dimension != dimensions:
        return (
            f"{INVALID} The index has {index.dimension} dimensions, the embedding model gives {dimensions}."
        )
    return None


def index_of(knowledge_base: KnowledgeBase, store: VectorStore, scope: Scope) -> Index:
    """Return the index of a knowledge base; for a managed one AWS's own.

    Raises:
        Refused: somebody has deleted it.
    """
    storage = knowledge_base.get("StorageConfiguration")
    if not storage:
        return store.managed(knowledge_base["KnowledgeBaseId"], dimensions(knowledge_base))
    return store.index_of_arn(scope, index_arn(storage) or "")


def embedding(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what says the embedding model, wherever the kind of knowledge base keeps it."""
    return next((value for name, value in configuration.items() if name != "type"), {})


def dimensions(knowledge_base: KnowledgeBase) -> int:
    """Return how many numbers each vector of a knowledge base has."""
    return dimensions_of(knowledge_base["KnowledgeBaseConfiguration"])


def dimensions_of(configuration: Mapping[str, Any]) -> int:
    """Return how many numbers a knowledgeBaseConfiguration asks for; Titan Text Embeddings V2 gives 1,024."""
    model = embedding(configuration).get("embeddingModelConfiguration", {})
    return int(model.get("bedrockEmbeddingModelConfiguration", {}).get("dimensions", 1024))


def model_arn(knowledge_base: KnowledgeBase, region: str) -> str:
    """Return the ARN of the embedding model."""
    configuration = knowledge_base["KnowledgeBaseConfiguration"]
    model = str(embedding(configuration).get("embeddingModelArn", "amazon.titan-embed-text-v2:0"))
    return model if model.startswith("arn:") else f"arn:aws:bedrock:{region}::foundation-model/{model}"
