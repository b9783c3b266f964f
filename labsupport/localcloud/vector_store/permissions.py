"""The IAM actions of an operation of S3 Vectors, and the resource that each is asked for on.

An operation's action has its name. Who wants metadata or data of a query or a list, or filters by metadata,
needs `s3vectors:GetVectors` too.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_S3VectorBuckets_QueryVectors.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3vectors.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.localcloud.vector_store.store import Scope

READING = ("filter", "returnMetadata", "returnData")


def actions(operation: str, parameters: Mapping[str, Any]) -> list[str]:
    """Return the actions that a request needs."""
    needed = [f"s3vectors:{operation}"]
    if operation in ("QueryVectors", "ListVectors") and any(parameters.get(name) for name in READING):
        needed.append("s3vectors:GetVectors")
    return needed


def resource(operation: str, parameters: Mapping[str, Any], scope: Scope) -> str:
    """Return the ARN of what a request is about; "*" if it is about all vector buckets."""
    if operation == "ListVectorBuckets":
        return "*"
    for name in ("resourceArn", "indexArn"):
        if arn := parameters.get(name):
            return str(arn)
    arn = parameters.get("vectorBucketArn") or bucket_arn(scope, parameters.get("vectorBucketName", ""))
    index = parameters.get("indexName")
    return f"{arn}/index/{index}" if index else str(arn)


def bucket_arn(scope: Scope, name: str) -> str:
    """Return the ARN of a vector bucket."""
    return f"arn:aws:s3vectors:{scope.region}:{scope.account}:bucket/{name}"
