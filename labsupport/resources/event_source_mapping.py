"""Event source mappings: what polls a queue or a stream for a function.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labsupport.target import Target
from labsupport.waiting import error_code, retry_while, tolerate, wait_until

CHANGE_SECONDS = 120


def event_source_mappings(target: Target, *, function: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield Lambda's descriptions of the mappings, of one function or of all."""
    which = {"FunctionName": function} if function else {}
    with tolerate("ResourceNotFoundException"):
        for page in target.client("lambda").get_paginator("list_event_source_mappings").paginate(**which):
            yield from page["EventSourceMappings"]


def delete_event_source_mapping(target: Target, uuid: str) -> None:
    """Delete a mapping, and return when it is gone: Lambda stops its pollers first.

    Raises:
        DeployError: it is still there after a while.
    """
    with target.tape.plumbing():
        with tolerate("ResourceNotFoundException"):
            # Lambda refuses while the mapping is being changed; that passes.
            retry_while(
                lambda error: error_code(error) == "ResourceInUseException",
                lambda: target.client("lambda").delete_event_source_mapping(UUID=uuid),
                timeout_seconds=CHANGE_SECONDS,
                doing=f"waiting until the event source mapping {uuid} can be deleted",
            )
        wait_until(
            lambda: not _exists(target, uuid),
            doing=f"deleting the event source mapping {uuid}",
            timeout_seconds=CHANGE_SECONDS,
            next_step="Run it again in a minute.",
        )


def _exists(target: Target, uuid: str) -> bool:
    with tolerate("ResourceNotFoundException"):
        target.client("lambda").get_event_source_mapping(UUID=uuid)
        return True
    return False
