"""The checks of 99_teardown."""

from __future__ import annotations

from collections.abc import Iterator

from labsupport.learning.checks import Cloud, Point
from labsupport.naming import log_group_name

DAYS = 30


def versions(cloud: Cloud) -> Iterator[Point]:
    """Ask the bucket for all that it still stores."""
    bucket = cloud.name("notes")
    found = cloud.client("s3").list_object_versions(Bucket=bucket)
    for what, entries in (("version", "Versions"), ("delete marker", "DeleteMarkers")):
        count = len(found.get(entries, []))
        yield Point(
            f"no {what} is left in the bucket",
            ok=count == 0,
            wrong=f"There are {count}.",
            look=f"ListObjectVersions lists them under {entries}.",
        )


def retention(cloud: Cloud) -> Iterator[Point]:
    """Ask how long the function's log is kept."""
    name = log_group_name(cloud.name("hello"))
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    kept = [group.get("retentionInDays") for group in groups if group["logGroupName"] == name]
    days = "for ever" if kept in ([None], []) else f"{kept[0]} days"
    yield Point(
        f"the log group keeps its events for {DAYS} days",
        ok=kept == [DAYS],
        wrong=f"It keeps them {days}." if kept else "There is no such log group.",
        look="PutRetentionPolicy takes a number of days.",
    )


def with_versions(cloud: Cloud) -> None:
    """Save the note twice, and delete it: two versions and a delete marker."""
    s3, note = cloud.client("s3"), {"Bucket": cloud.name("notes"), "Key": "note.txt"}
    for text in (b"first", b"second"):
        s3.put_object(**note, Body=text)
    s3.delete_object(**note)


def for_ever(cloud: Cloud) -> None:
    """Let the log group keep its events for ever."""
    cloud.client("logs").delete_retention_policy(logGroupName=log_group_name(cloud.name("hello")))


CHECKS = {"versions": versions, "retention": retention}
RESETS = {"versions": with_versions, "retention": for_ever}
