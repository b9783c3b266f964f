"""The inventory's part about Knowledge Bases and S3 Vectors.

A data source carries no tags: it is ours if its knowledge base is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labsupport.found import Resource, Search
from labsupport.resources.data_source import data_sources as sources_of
from labsupport.resources.knowledge_base import GONE as KNOWLEDGE_BASE_GONE
from labsupport.resources.knowledge_base import knowledge_base_tags
from labsupport.resources.vector_index import GONE as VECTORS_GONE
from labsupport.resources.vector_index import vector_tags
from labsupport.waiting import tolerate


def data_sources(search: Search) -> Iterator[Resource]:
    """Yield the data sources of our knowledge bases."""
    for base, tags in _ours(search):
        for each in sources_of(search.target, base["knowledgeBaseId"]):
            name, changed = (
                f"{each['name']}:{base['knowledgeBaseId']}/{each['dataSourceId']}",
                each["updatedAt"],
            )
            yield search.found("data source", name, "", changed, each["status"], tags=tags, of=base["name"])


def knowledge_bases(search: Search) -> Iterator[Resource]:
    """Yield the knowledge bases."""
    for base, tags in _ours(search):
        name = f"{base['name']}:{base['knowledgeBaseId']}"
        arn = base["knowledgeBaseArn"]
        yield search.found("knowledge base", name, arn, base["createdAt"], base["status"], tags=tags)


def vector_indexes(search: Search) -> Iterator[Resource]:
    """Yield the indexes in our vector buckets."""
    client = search.target.client("s3vectors")
    for bucket, tags in _buckets(search):
        with tolerate(VECTORS_GONE):
            for page in client.get_paginator("list_indexes").paginate(
                vectorBucketName=bucket["vectorBucketName"]
            ):
                for index in page["indexes"]:
                    name, arn = f"{bucket['vectorBucketName']}/{index['indexName']}", index["indexArn"]
                    yield search.found("vector index", name, arn, index.get("creationTime"), tags=tags)


def vector_buckets(search: Search) -> Iterator[Resource]:
    """Yield the vector buckets."""
    for bucket, tags in _buckets(search):
        name, arn = bucket["vectorBucketName"], bucket["vectorBucketArn"]
        yield search.found("vector bucket", name, arn, bucket.get("creationTime"), tags=tags)


def _ours(search: Search) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Yield our knowledge bases with their tags."""
    client = search.target.client("bedrock-agent")
    for each in search.pages("bedrock-agent", "list_knowledge_bases", "knowledgeBaseSummaries"):
        if search.is_ours(each["name"]):
            with tolerate(KNOWLEDGE_BASE_GONE):  # deleted meanwhile
                answer = client.get_knowledge_base(knowledgeBaseId=each["knowledgeBaseId"])
                base: dict[str, Any] = answer["knowledgeBase"]
                tags = knowledge_base_tags(search.target, base["knowledgeBaseArn"])
                if search.has_our_tags(base["name"], tags):
                    yield base, tags


def _buckets(search: Search) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Yield our vector buckets with their tags."""
    for bucket in search.pages("s3vectors", "list_vector_buckets", "vectorBuckets"):
        name = bucket["vectorBucketName"]
        if search.is_ours(name):
            tags = vector_tags(search.target, bucket["vectorBucketArn"])
            if search.has_our_tags(name, tags):
                yield bucket, tags
