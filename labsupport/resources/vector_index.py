"""Amazon S3 Vectors: a vector bucket with one vector index in it.

Both are charged by what they hold and by queries; nothing runs while nobody asks.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labsupport.errors import DeployError
from labsupport.lost_answers import survives_lost_answers
from labsupport.resources.ownership import require_ours
from labsupport.target import Target
from labsupport.waiting import tolerate

GONE = "NotFoundException"
# Knowledge Bases keeps a chunk's text in its metadata; what can be filtered by may have 2 KB only.
NOT_FILTERABLE = ["AMAZON_BEDROCK_TEXT", "AMAZON_BEDROCK_METADATA"]


@dataclass(frozen=True)
class VectorIndexDescription:
    """Name a vector index in the ways that others ask for.

    Attributes:
        bucket, name: of the vector bucket, and of the index in it.
        bucket_arn, arn: of both.
        dimensions: how many numbers each vector has.
    """

    bucket: str
    name: str
    bucket_arn: str
    arn: str
    dimensions: int


@survives_lost_answers
def deploy_vector_index(target: Target, name: str, *, dimensions: int) -> VectorIndexDescription:
    """Create a vector bucket, and in it an index for cosine distance, if they aren't there.

    Args:
        target: where.
        name: full name of both.
        dimensions: how many numbers each vector has. It can't be changed.

    Raises:
        DeployError: somebody else's has this name, or the index has other dimensions.
    """
    client = target.client("s3vectors")
    with target.tape.plumbing():
        bucket_arn = _vector_bucket(target, name)
        index = _find_index(target, name)
        if index is None:
            client.create_index(
                vectorBucketName=name,
                indexName=name,
                dataType="float32",
                dimension=dimensions,
                distanceMetric="cosine",
                metadataConfiguration={"nonFilterableMetadataKeys": NOT_FILTERABLE},
                tags=target.tags(),
            )
            index = client.get_index(vectorBucketName=name, indexName=name)["index"]
        else:
            require_ours(target, f"vector index {name}", vector_tags(target, index["indexArn"]))
    if index["dimension"] != dimensions:
        raise DeployError(
            doing=f"deploying the vector index {name}",
            cause=f"it exists with {index['dimension']} dimensions, and {dimensions} are wanted. "
            "An index's dimensions can't be changed.",
            next_step="Delete the knowledge base and its index first, or choose another name.",
        )
    return VectorIndexDescription(name, name, bucket_arn, index["indexArn"], dimensions)


def delete_vector_index(target: Target, name: str) -> None:
    """Delete an index with all its vectors. `name` is "bucket/index"; it may be gone already."""
    bucket, _, index = name.partition("/")
    with target.tape.plumbing(), tolerate(GONE):
        target.client("s3vectors").delete_index(vectorBucketName=bucket, indexName=index)


def delete_vector_bucket(target: Target, name: str) -> None:
    """Delete a vector bucket with the indexes in it. It may be gone already."""
    client = target.client("s3vectors")
    with target.tape.plumbing(), tolerate(GONE):
        for page in client.get_paginator("list_indexes").paginate(vectorBucketName=name):
            for index in page["indexes"]:
                delete_vector_index(target, f"{name}/{index['indexName']}")
        client.delete_vector_bucket(vectorBucketName=name)


def vector_tags(target: Target, arn: str) -> dict[str, str]:
    """Return the tags of a vector bucket or a vector index; none if it is gone."""
    with tolerate(GONE):
        tags: dict[str, str] = target.client("s3vectors").list_tags_for_resource(resourceArn=arn)["tags"]
        return tags
    return {}


def _vector_bucket(target: Target, name: str) -> str:
    client = target.client("s3vectors")
    with tolerate(GONE):
        found = client.get_vector_bucket(vectorBucketName=name)["vectorBucket"]
        require_ours(target, f"vector bucket {name}", vector_tags(target, found["vectorBucketArn"]))
        return str(found["vectorBucketArn"])
    client.create_vector_bucket(vectorBucketName=name, tags=target.tags())
    return str(client.get_vector_bucket(vectorBucketName=name)["vectorBucket"]["vectorBucketArn"])


def _find_index(target: Target, name: str) -> dict[str, Any] | None:
    with tolerate(GONE):
        index: dict[str, Any] = target.client("s3vectors").get_index(vectorBucketName=name, indexName=name)[
            "index"
        ]
        return index
    return None
