"""Deleting everything that the lab built: in an order that works, once more for what came back, and proven.

A failure doesn't end it: it is kept, the rest is deleted, and running it again goes on where it stopped. At
the end the cloud is asked what is left; that answer counts, not what we believe to have deleted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from labsupport.errors import CloudError, LabError
from labsupport.found import Resource, Resources
from labsupport.inventory import inventory
from labsupport.resources.alarm import delete_alarm
from labsupport.resources.api_logging_role import clear_api_logging_role
from labsupport.resources.bucket import clear_notifications, delete_bucket
from labsupport.resources.data_source import delete_data_source
from labsupport.resources.event_rule import delete_rule
from labsupport.resources.event_source_mapping import delete_event_source_mapping
from labsupport.resources.function import delete_function
from labsupport.resources.http_api import delete_http_api
from labsupport.resources.knowledge_base import delete_knowledge_base
from labsupport.resources.layer import delete_layer_version
from labsupport.resources.log_group import delete_log_group
from labsupport.resources.managed_policy import delete_policy
from labsupport.resources.queue import delete_queue
from labsupport.resources.rest_api import delete_rest_api
from labsupport.resources.role import delete_role
from labsupport.resources.schedule import delete_schedule
from labsupport.resources.table import delete_table
from labsupport.resources.topic import delete_topic
from labsupport.resources.usage_plan import delete_api_key, delete_usage_plan
from labsupport.resources.user_pool import delete_user_pool
from labsupport.resources.vector_index import delete_vector_bucket, delete_vector_index
from labsupport.target import Target

LATE_LOG_SECONDS = 1.0
"""An invocation that was under way writes its log after its function is gone; then the log group is back."""


@dataclass(frozen=True)
class Failure:
    """Name a thing that could not be deleted, and why."""

    resource: Resource
    error: str

    def __str__(self) -> str:
        return f"{self.resource.kind} {self.resource.name}: {self.error}"


@dataclass(frozen=True)
class TeardownReport:
    """What was deleted, what could not be, and what the cloud says is left."""

    deleted: Resources
    failed: list[Failure]
    left: Resources

    @property
    def is_clean(self) -> bool:
        """Whether nothing of the lab is left."""
        return not self.left

    def __repr__(self) -> str:
        end = "Nothing of the lab is left." if self.is_clean else f"{len(self.left)} things are left."
        return f"{len(self.deleted)} deleted, {len(self.failed)} failed. {end}"


def _by_id(delete: Callable[[Target, str], None]) -> Callable[[Target, str], None]:
    """Return what deletes a thing that the inventory calls "name:id"."""
    return lambda target, name: delete(target, name.rpartition(":")[2])


DELETE: dict[str, Callable[[Target, str], None]] = {
    "schedule": delete_schedule,
    "event rule": delete_rule,
    "topic": delete_topic,
    "alarm": delete_alarm,
    "data source": delete_data_source,
    "knowledge base": _by_id(delete_knowledge_base),
    "vector index": delete_vector_index,
    "vector bucket": delete_vector_bucket,
    "event source mapping": delete_event_source_mapping,
    "usage plan": _by_id(delete_usage_plan),
    "API key": _by_id(delete_api_key),
    "REST API": _by_id(delete_rest_api),
    "user pool": _by_id(delete_user_pool),
    "API logging role": clear_api_logging_role,
    "HTTP/WebSocket API": _by_id(delete_http_api),  # one call deletes either
    "function": delete_function,
    "layer version": delete_layer_version,
    "queue": delete_queue,
    "DynamoDB table": delete_table,
    "bucket": delete_bucket,
    "role": delete_role,
    "managed policy": delete_policy,
    "log group": delete_log_group,
}

SLOW = {"REST API": "AWS deletes one REST API every 30 seconds, so several take their time."}
"""What is said before several things of a kind are deleted, where AWS limits how fast that goes."""


def teardown(
    target: Target,
    *,
    owner: str | None = None,
    progress: Callable[[str], object] = lambda sentence: None,
    dry_run: bool = False,
    late_log_seconds: float = LATE_LOG_SECONDS,
) -> TeardownReport:
    """Delete everything of an owner.

    Args:
        target: where.
        owner: whose things, by default those of the target's owner.
        progress: is called with a short sentence for each step.
        dry_run: only say what would be deleted; it is then all in `left`.
        late_log_seconds: how long to wait for log groups that come back.

    Raises:
        CloudError: the local cloud doesn't answer.
    """
    found = inventory(target, owner=owner)
    if dry_run:
        for resource in found:
            progress(f"Would delete {resource}")
        return TeardownReport(Resources(), [], found)
    deleted, failed = Resources(), list[Failure]()
    # First, or emptying a bucket would still invoke functions.
    for bucket in (resource for resource in found if resource.kind == "bucket"):
        _attempt(clear_notifications, target, bucket, failed)
    _delete(target, found, progress, deleted, failed)
    if any(resource.kind == "function" for resource in found):
        time.sleep(late_log_seconds)
    left = inventory(target, owner=owner)
    came_back = [resource for resource in left if resource.kind == "log group"]
    if came_back:
        _delete(target, Resources(came_back), progress, deleted, failed)
        left = inventory(target, owner=owner)
    report = TeardownReport(deleted, failed, left)
    progress(repr(report))
    return report


def _delete(
    target: Target,
    resources: Resources,
    progress: Callable[[str], object],
    deleted: Resources,
    failed: list[Failure],
) -> None:
    kinds = [resource.kind for resource in resources]
    for resource in resources:
        if resource.kind in SLOW and kinds.count(resource.kind) > 1:
            progress(f"Deleting {resource.kind} {resource.name}. {SLOW[resource.kind]}")
        if _attempt(DELETE[resource.kind], target, resource, failed):
            progress(f"Deleted {resource.kind} {resource.name}")
            deleted.append(resource)
        else:
            progress(f"Could not delete {failed[-1]}")


def _attempt(
    delete: Callable[[Target, str], None], target: Target, resource: Resource, failed: list[Failure]
) -> bool:
    try:
        delete(target, resource.name)
    except CloudError:
        raise  # nothing answers, so nothing else can be deleted either
    except (BotoCoreError, ClientError, LabError) as error:
        failed.append(Failure(resource, str(error)))
        return False
    return True
