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
    for base in _ours(search):
        for each in sources_of(search.target, base["knowledgeBaseId"]):
            name = f"{each['name']}:{base['knowledgeBaseId']}/{each['dataSourceId']}"
            yield Resource("data source", name, "", each["updatedAt"], each["status"])


def knowledge_bases(search: Search) -> Iterator[Resource]:
    """Yield the knowledge bases."""
    for base in _ours(search):
        name = f"{base['name']}:{base['knowledgeBaseId']}"
        arn = base["knowledgeBaseArn"]
        yield Resource("knowledge base", name, arn, base["createdAt"], base["status"])


def vector_indexes(search: Search) -> Iterator[Resource]:
    """Yield the indexes in our vector buckets."""
    client = search.target.client("s3vectors")
    for bucket in _buckets(search):
        with tolerate(VECTORS_GONE):
            for page in client.get_paginator("list_indexes").paginate(
                vectorBucketName=bucket["vectorBucketName"]
            ):
                for index in page["indexes"]:
                    name = f"{bucket['vectorBucketName']}/{index['indexName']}"
                    yield Resource("vector index", name, index["indexArn"], index.get("creationTime"))


def vector_buckets(search: Search) -> Iterator[Resource]:
    """Yield the vector buckets."""
    for bucket in _buckets(search):
        name, arn = bucket["vectorBucketName"], bucket["vectorBucketArn"]
        yield Resource("vector bucket", name, arn, bucket.get("creationTime"))


def _ours(search: Search) -> Iterator[dict[str, Any]]:
    client = search.target.client("bedrock-agent")
    for each in search.pages("bedrock-agent", "list_knowledge_bases", "knowledgeBaseSummaries"):
        if search.is_ours(each["name"]):
            with tolerate(KNOWLEDGE_BASE_GONE):  # deleted meanwhile
                answer = client.get_knowledge_base(knowledgeBaseId=each["knowledgeBaseId"])
                base: dict[str, Any] = answer["knowledgeBase"]
                if search.has_our_tags(knowledge_base_tags(search.target, base["knowledgeBaseArn"])):
                    yield base


def _buckets(search: Search) -> Iterator[dict[str, Any]]:
    for bucket in search.pages("s3vectors", "list_vector_buckets", "vectorBuckets"):
        if search.is_ours(bucket["vectorBucketName"]) and search.has_our_tags(
            vector_tags(search.target, bucket["vectorBucketArn"])
        ):
            yield bucket
