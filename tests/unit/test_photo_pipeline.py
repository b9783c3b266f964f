from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.errors import DeployError, LabError
from labsupport.photo_pipeline import PhotoPipeline
from labsupport.tape import Tape

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


class FakeCloud:
    """S3 and CloudWatch Logs of a target, with the function's answer put in by the test."""

    def __init__(self) -> None:
        self.tape = Tape()
        self.uploads: dict[str, bytes] = {}
        self.thumbnails: dict[str, tuple[bytes, datetime]] = {}
        self.lines: list[str] = []

    def client(self, service: str) -> FakeCloud:
        return self

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> dict[str, Any]:
        self.uploads[f"{Bucket}/{Key}"] = Body
        return {"ResponseMetadata": {"HTTPHeaders": {"date": "Sat, 21 Nov 2026 09:30:00 GMT"}}}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if f"{Bucket}/{Key}" not in self.thumbnails:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "none"}}, "GetObject")
        data, modified = self.thumbnails[f"{Bucket}/{Key}"]
        return {"Body": io.BytesIO(data), "LastModified": modified}

    def get_paginator(self, operation: str) -> FakeCloud:
        return self

    def paginate(self, **which: Any) -> Iterator[dict[str, Any]]:
        time_ms = int(NOW.timestamp() * 1000)
        assert which["startTime"] == time_ms, "older lines would count"
        yield {
            "events": [{"timestamp": time_ms, "logStreamName": "1", "message": line} for line in self.lines]
        }


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


@pytest.fixture
def pipeline(cloud: FakeCloud) -> PhotoPipeline:
    return PhotoPipeline(cloud, "photos", "thumbs", "thumbnail", "album")  # type: ignore[arg-type]


def test_a_photo_goes_in_at_one_end_and_its_thumbnail_comes_out_at_the_other(cloud, pipeline) -> None:
    cloud.thumbnails["thumbs/thumbnails/album/sea.jpg"] = (b"small", NOW)
    assert pipeline.make_thumbnail("sea.jpg", b"large") == b"small"
    assert cloud.uploads == {"photos/raw/album/sea.jpg": b"large"}


def test_an_older_thumbnail_of_the_same_name_does_not_count(cloud, pipeline) -> None:
    cloud.thumbnails["thumbs/thumbnails/album/sea.jpg"] = (b"old", NOW - timedelta(seconds=1))
    with pytest.raises(DeployError, match=r"waiting for the thumbnail of sea.jpg"):
        pipeline.make_thumbnail("sea.jpg", b"large", timeout_seconds=0.1)


def test_when_the_function_refused_the_photo_then_its_own_words_are_the_cause(cloud, pipeline) -> None:
    cloud.lines = [
        "START RequestId: 1",
        json.dumps({"error": "NotAnImage", "reason": "this is a list.", "key": "raw/album/sea.jpg"}),
        json.dumps({"error": "EmptyObject", "reason": "no bytes", "key": "raw/album/other.jpg"}),
        '"text"',
    ]
    with pytest.raises(LabError) as caught:
        pipeline.make_thumbnail("sea.jpg", b"milk")
    assert caught.value.cause == "the function refused it. NotAnImage: this is a list."


def test_the_waiting_is_plumbing_and_not_the_learners_call(cloud, pipeline) -> None:
    marked = []
    cloud.thumbnails["thumbs/thumbnails/album/sea.jpg"] = (b"small", NOW)
    put = cloud.put_object
    cloud.put_object = lambda **parameters: marked.append(is_plumbing()) or put(**parameters)
    pipeline.make_thumbnail("sea.jpg", b"large")
    assert marked == [True]


def is_plumbing() -> bool:
    from labsupport import tape

    return tape._inside_plumbing.get()
