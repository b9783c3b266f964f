"""S3 refuses two notifications of one event type whose filters could match the same key.

Prefixes overlap when one begins with the other, suffixes when one ends with the other. Without a prefix or a
suffix a filter overlaps every other. Two notifications may share one of the two, but not both.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Notification(NamedTuple):
    """What one notification is for.

    Attributes:
        events: such as "s3:ObjectCreated:*".
        prefix, suffix: of the keys; "" without a filter.
    """

    events: Sequence[str]
    prefix: str
    suffix: str


def problem(notifications: Iterable[Notification]) -> str | None:
    """Return the message of AWS's InvalidArgument error, or None."""
    if any(_overlap(*pair) for pair in itertools.combinations(notifications, 2)):
        return (
            "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules "
            "if the prefixes are overlapping for the same event type."
        )
    return None


def _overlap(one: Notification, other: Notification) -> bool:
    return (
        any(_share(*pair) for pair in itertools.product(one.events, other.events))
        and (one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix))
        and (one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix))
    )


def _share(event: str, other: str) -> bool:
    """Tell whether some event is of both types: "s3:ObjectCreated:*" and "s3:ObjectCreated:Put" share one."""
    begins, others = event.removesuffix("*"), other.removesuffix("*")
    if event == begins and other == others:
        return event == other
    return begins.startswith(others) or others.startswith(begins)
