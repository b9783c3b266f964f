"""The operations of S3 Vectors, by AWS's names. Parameters keep to AWS's service model already.

Pages, bucket policies and index modes aren't there: a list is one page.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_S3_Vectors.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from labsupport.localcloud.vector_store import filters
from labsupport.localcloud.vector_store.permissions import bucket_arn, resource
from labsupport.localcloud.vector_store.search import nearest
from labsupport.localcloud.vector_store.store import (
    Bucket,
    Index,
    Refused,
    Scope,
    Vector,
    VectorStore,
    invalid,
)

Parameters = Mapping[str, Any]
Answer = dict[str, Any]

NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
ENCRYPTION = {"encryptionConfiguration": {"sseType": "AES256"}}


def answer(store: VectorStore, scope: Scope, operation: str, parameters: Parameters) -> Answer:
    """Do what a request asks for.

    Raises:
        Refused: it can't be done.
    """
    if operation not in OPERATIONS:
        raise invalid(f"The lab's local cloud has no {operation} of S3 Vectors. Use LAB_TARGET=aws for it.")
    return OPERATIONS[operation](store, scope, parameters)


def _create_bucket(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    name = _name(parameters["vectorBucketName"])
    if name in store.buckets(scope):
        raise _conflict("A vector bucket with the specified name already exists")
    bucket = Bucket(bucket_arn(scope, name), name, tags=dict(parameters.get("tags", {})))
    store.buckets(scope)[name] = bucket
    return {"vectorBucketArn": bucket.arn}


def _get_bucket(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    return {"vectorBucket": _bucket_summary(_bucket(store, scope, parameters)) | ENCRYPTION}


def _list_buckets(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    found = sorted(store.buckets(scope).values(), key=lambda bucket: bucket.name)
    prefix = parameters.get("prefix", "")
    return {"vectorBuckets": [_bucket_summary(each) for each in found if each.name.startswith(prefix)]}


def _delete_bucket(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    bucket = _bucket(store, scope, parameters)
    if bucket.indexes:
        raise _conflict("The specified vector bucket is not empty")
    del store.buckets(scope)[bucket.name]
    return {}


def _create_index(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    bucket, name = _bucket(store, scope, parameters), _name(parameters["indexName"])
    if name in bucket.indexes:
        raise _conflict("An index with the specified name already exists")
    metadata = parameters.get("metadataConfiguration", {})
    bucket.indexes[name] = Index(
        f"{bucket.arn}/index/{name}",
        name,
        bucket.name,
        parameters["dimension"],
        parameters["distanceMetric"],
        metadata.get("nonFilterableMetadataKeys", ()),
        tags=dict(parameters.get("tags", {})),
    )
    return {"indexArn": bucket.indexes[name].arn}


def _get_index(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    index = _index(store, scope, parameters)
    described = {"dataType": "float32", "dimension": index.dimension, "distanceMetric": index.metric}
    if index.not_filterable:
        described["metadataConfiguration"] = {"nonFilterableMetadataKeys": list(index.not_filterable)}
    return {"index": _index_summary(index) | described | ENCRYPTION}


def _list_indexes(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    found = sorted(_bucket(store, scope, parameters).indexes.values(), key=lambda index: index.name)
    prefix = parameters.get("prefix", "")
    return {"indexes": [_index_summary(each) for each in found if each.name.startswith(prefix)]}


def _delete_index(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    index = _index(store, scope, parameters)
    del store.bucket(scope, index.bucket).indexes[index.name]
    return {}


def _put_vectors(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    index = _index(store, scope, parameters)
    for each in parameters["vectors"]:
        index.put(each["key"], each["data"].get("float32", ()), dict(each.get("metadata") or {}))
    return {}


def _get_vectors(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    index = _index(store, scope, parameters)
    found = [index.vectors[key] for key in parameters["keys"] if key in index.vectors]
    return {"vectors": [_shown(each, parameters) for each in found]}


def _list_vectors(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    index = _index(store, scope, parameters)
    number, of = parameters.get("segmentIndex", 0), parameters.get("segmentCount", 1)
    found = list(index.vectors.values())[number::of]
    return {"vectors": [_shown(each, parameters) for each in found]}


def _query_vectors(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    index, wanted = _index(store, scope, parameters), parameters.get("filter") or {}
    if hidden := sorted(set(filters.keys_of(wanted)) & set(index.not_filterable)):
        raise invalid(f"Invalid filter: metadata key {hidden[0]} is not filterable")
    asked = parameters["queryVector"].get("float32", ())
    found = nearest(index, asked, parameters["topK"], lambda metadata: filters.fits(wanted, metadata))
    vectors = [
        _shown(each.vector, parameters)
        | ({"distance": each.distance} if parameters.get("returnDistance") else {})
        for each in found
    ]
    return {"vectors": vectors, "distanceMetric": index.metric}


def _delete_vectors(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    index = _index(store, scope, parameters)
    for key in parameters["keys"]:
        index.vectors.pop(key, None)
    return {}


def _list_tags(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    return {"tags": dict(_tagged(store, scope, parameters).tags)}


def _tag(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    _tagged(store, scope, parameters).tags.update(parameters["tags"])
    return {}


def _untag(store: VectorStore, scope: Scope, parameters: Parameters) -> Answer:
    tags = _tagged(store, scope, parameters).tags
    for key in parameters["tagKeys"]:
        tags.pop(key, None)
    return {}


OPERATIONS: dict[str, Callable[[VectorStore, Scope, Parameters], Answer]] = {
    "CreateVectorBucket": _create_bucket,
    "GetVectorBucket": _get_bucket,
    "ListVectorBuckets": _list_buckets,
    "DeleteVectorBucket": _delete_bucket,
    "CreateIndex": _create_index,
    "GetIndex": _get_index,
    "ListIndexes": _list_indexes,
    "DeleteIndex": _delete_index,
    "PutVectors": _put_vectors,
    "GetVectors": _get_vectors,
    "ListVectors": _list_vectors,
    "QueryVectors": _query_vectors,
    "DeleteVectors": _delete_vectors,
    "ListTagsForResource": _list_tags,
    "TagResource": _tag,
    "UntagResource": _untag,
}


def _bucket(store: VectorStore, scope: Scope, parameters: Parameters) -> Bucket:
    arn = resource("", {**parameters, "indexName": None}, scope)
    return store.bucket(scope, arn.rpartition(":bucket/")[2])


def _index(store: VectorStore, scope: Scope, parameters: Parameters) -> Index:
    return store.index_of_arn(scope, resource("", parameters, scope))


def _tagged(store: VectorStore, scope: Scope, parameters: Parameters) -> Bucket | Index:
    bucket, _, index = parameters["resourceArn"].rpartition(":bucket/")[2].partition("/index/")
    return store.index(scope, bucket, index) if index else store.bucket(scope, bucket)


def _bucket_summary(bucket: Bucket) -> Answer:
    return {
        "vectorBucketName": bucket.name,
        "vectorBucketArn": bucket.arn,
        "creationTime": bucket.created,
    }


def _index_summary(index: Index) -> Answer:
    return {
        "vectorBucketName": index.bucket,
        "indexName": index.name,
        "indexArn": index.arn,
        "creationTime": index.created,
    }


def _shown(vector: Vector, parameters: Parameters) -> Answer:
    shown: Answer = {"key": vector.key}
    if parameters.get("returnData"):
        shown["data"] = {"float32": np.frombuffer(vector.data, "<f4").tolist()}
    if parameters.get("returnMetadata"):
        shown["metadata"] = vector.metadata
    return shown


def _name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise invalid(
            "Invalid name: 3 to 63 lower-case letters, digits, hyphens and dots, no hyphen at an end"
        )
    return name


def _conflict(message: str) -> Refused:
    return Refused("ConflictException", message, 409)
