"""S3 Vectors without a cloud: the nearest vectors, filters, names, permissions."""

from __future__ import annotations

from typing import Any

import pytest

from labsupport.localcloud.vector_store import permissions
from labsupport.localcloud.vector_store.api import answer
from labsupport.localcloud.vector_store.filters import fits
from labsupport.localcloud.vector_store.store import Refused, Scope, VectorStore

SCOPE = Scope("111122223333", "us-east-1")
INDEX = {"vectorBucketName": "notes", "indexName": "plane"}
METADATA = {"year": 2026, "tags": ["a", "b"], "language": "vi"}


def ask(store: VectorStore, operation: str, **parameters: Any) -> dict[str, Any]:
    return answer(store, SCOPE, operation, parameters)


def made(metric: str = "cosine") -> VectorStore:
    """Return a store with three vectors in a plane."""
    store = VectorStore()
    ask(store, "CreateVectorBucket", vectorBucketName="notes")
    ask(
        store,
        "CreateIndex",
        **INDEX,
        dimension=2,
        distanceMetric=metric,
        metadataConfiguration={"nonFilterableMetadataKeys": ["text"]},
    )
    vectors = [
        {"key": key, "data": {"float32": numbers}, "metadata": {"text": key, "long": numbers[0] > 1}}
        for key, numbers in {"east": [2, 0], "north": [0, 1], "north-east": [3, 4]}.items()
    ]
    ask(store, "PutVectors", **INDEX, vectors=vectors)
    return store


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("cosine", [("north", 0.0), ("north-east", 0.2), ("east", 1.0)]),
        ("euclidean", [("north", 0.0), ("east", 5**0.5), ("north-east", 18**0.5)]),
    ],
)
def test_the_nearest_vectors_come_first(metric: str, expected: list[tuple[str, float]]) -> None:
    query: dict[str, Any] = {"queryVector": {"float32": [0, 1]}, "returnDistance": True}
    found = ask(made(metric), "QueryVectors", **INDEX, topK=3, **query)
    assert [each["key"] for each in found["vectors"]] == [key for key, _ in expected]
    assert [each["distance"] for each in found["vectors"]] == pytest.approx(
        [distance for _, distance in expected], abs=1e-6
    )
    assert found["distanceMetric"] == metric
    assert len(ask(made(), "QueryVectors", **INDEX, topK=1, **query)["vectors"]) == 1


def test_a_filter_narrows_a_query_and_asks_for_what_is_filterable_only() -> None:
    store, query = made(), {"queryVector": {"float32": [0, 1]}, "topK": 3}
    found = ask(store, "QueryVectors", **INDEX, **query, filter={"long": True})
    assert [each["key"] for each in found["vectors"]] == ["north-east", "east"]
    with pytest.raises(Refused, match="text is not filterable"):
        ask(store, "QueryVectors", **INDEX, **query, filter={"$or": [{"text": "north"}]})
    with pytest.raises(Refused, match=r"unknown operator \$like"):
        ask(store, "QueryVectors", **INDEX, **query, filter={"long": {"$like": 1}})


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, True),
        ({"year": 2026, "language": "vi"}, True),
        ({"year": 2026, "language": "en"}, False),
        ({"tags": "a"}, True),
        ({"tags": {"$ne": "a"}}, False),
        ({"tags": {"$in": ["b", "c"]}}, True),
        ({"tags": {"$nin": ["c"]}}, True),
        ({"year": {"$gt": 2025, "$lt": 2027}}, True),
        ({"year": {"$gte": 2027}}, False),
        ({"year": {"$lte": "2027"}}, False),
        ({"month": {"$exists": False}}, True),
        ({"$and": [{"year": 2026}, {"$or": [{"tags": "c"}, {"language": "vi"}]}]}, True),
        ({"$or": [{"tags": "c"}, {"language": "en"}]}, False),
    ],
)
def test_filters(wanted: dict[str, Any], expected: bool) -> None:
    assert fits(wanted, METADATA) is expected


def test_a_vector_must_fit_its_index() -> None:
    store = made()
    for numbers, words in (
        ([1, 2, 3], "2 dimensions"),
        ([0, 0], "only zeros"),
        ([float("nan"), 1], "finite"),
    ):
        with pytest.raises(Refused, match=words):
            ask(store, "PutVectors", **INDEX, vectors=[{"key": "x", "data": {"float32": numbers}}])
    with pytest.raises(Refused, match="it has 3"):
        ask(store, "QueryVectors", **INDEX, topK=1, queryVector={"float32": [1, 2, 3]})


def test_what_is_deleted_is_gone_and_a_bucket_must_be_empty() -> None:
    store = made()
    ask(store, "DeleteVectors", **INDEX, keys=["east", "west"])
    assert [each["key"] for each in ask(store, "ListVectors", **INDEX)["vectors"]] == ["north", "north-east"]
    with pytest.raises(Refused, match="not empty"):
        ask(store, "DeleteVectorBucket", vectorBucketName="notes")
    ask(store, "DeleteIndex", **INDEX)
    ask(store, "DeleteVectorBucket", vectorBucketName="notes")
    with pytest.raises(Refused) as refused:
        ask(store, "GetVectorBucket", vectorBucketName="notes")
    assert refused.value.refusal.status == 404


def test_buckets_of_another_region_are_others() -> None:
    store = made()
    elsewhere = Scope(SCOPE.account, "eu-west-1")
    assert answer(store, elsewhere, "ListVectorBuckets", {}) == {"vectorBuckets": []}


def test_reading_what_a_vector_carries_needs_a_second_permission() -> None:
    assert permissions.actions("QueryVectors", {"returnDistance": True}) == ["s3vectors:QueryVectors"]
    for wish in ({"returnMetadata": True}, {"filter": {"a": 1}}):
        assert permissions.actions("QueryVectors", wish)[1:] == ["s3vectors:GetVectors"]
    arn = "arn:aws:s3vectors:us-east-1:111122223333:bucket/notes"
    assert permissions.resource("QueryVectors", INDEX, SCOPE) == f"{arn}/index/plane"
    assert permissions.resource("ListIndexes", {"vectorBucketArn": arn}, SCOPE) == arn
    assert permissions.resource("ListVectorBuckets", {}, SCOPE) == "*"


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(Refused, match="no PutVectorBucketPolicy"):
        ask(VectorStore(), "PutVectorBucketPolicy")
