"""AWS's own examples of notifications that overlap, and of those that don't.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
"""

from __future__ import annotations

import pytest

from labsupport.localcloud.rules.s3_overlapping_filters import Notification, problem

CREATED, PUT, REMOVED = "s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectRemoved:*"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (([CREATED], "images", ""), ([CREATED], "logs/", "")),
        (([CREATED], "images", ".jpg"), ([CREATED], "images", ".png")),
        (([CREATED], "images/", ""), ([REMOVED], "images/", "")),
        (([PUT], "", ""), (["s3:ObjectCreated:Copy"], "", "")),
        (([CREATED], "a/", ".jpg"), ([CREATED], "b/", ".jpg")),
    ],
)
def test_these_can_be_told_apart(one: tuple[list[str], str, str], other: tuple[list[str], str, str]) -> None:
    assert problem([Notification(*one), Notification(*other)]) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (([CREATED], "", ""), ([CREATED], "raw/", "")),
        (([CREATED], "image", ""), ([CREATED], "images/", "")),
        (([CREATED], "", "jpg"), ([PUT], "", "pg")),
        (([CREATED], "raw/", ".jpg"), ([CREATED], "raw/", "")),
        ((["s3:*"], "raw/", ""), ([REMOVED], "raw/", "")),
        (([REMOVED, PUT], "raw/", ""), ([CREATED], "raw/", "")),
    ],
)
def test_these_overlap(one: tuple[list[str], str, str], other: tuple[list[str], str, str]) -> None:
    assert "ambiguously defined" in str(problem([Notification(*one), Notification(*other)]))


def test_one_alone_overlaps_nothing() -> None:
    assert problem([Notification([CREATED], "", "")]) is None
