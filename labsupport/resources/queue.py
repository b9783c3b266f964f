"""SQS queues: where failed events wait to be read.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/welcome.html
"""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import ClientError

from labsupport.resources.ownership import require_ours
from labsupport.target import Target
from labsupport.waiting import error_code, retry_while, tolerate

GONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
NAME_FREE_AGAIN_SECONDS = 70  # SQS keeps a deleted queue's name for 60 s


@dataclass(frozen=True)
class QueueDescription:
    """Name a queue in the three ways that AWS asks for."""

    name: str
    url: str
    arn: str


def deploy_queue(target: Target, name: str) -> QueueDescription:
    """Create the standard queue if there is none of this name."""
    sqs = target.client("sqs")
    with target.tape.plumbing():
        queue = describe_queue(target, name)
        if queue is not None:
            require_ours(target, f"queue {name}", sqs.list_queue_tags(QueueUrl=queue.url).get("Tags", {}))
            return queue
        answer = retry_while(
            _deleted_just_now,
            lambda: sqs.create_queue(QueueName=name, tags=target.tags()),
            timeout_seconds=NAME_FREE_AGAIN_SECONDS,
        )
        return _with_arn(target, name, answer["QueueUrl"])


def describe_queue(target: Target, name: str) -> QueueDescription | None:
    """Return the queue, or None."""
    with tolerate(*GONE):
        return _with_arn(target, name, target.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])
    return None


def delete_queue(target: Target, name: str) -> None:
    """Delete the queue and what is in it."""
    sqs = target.client("sqs")
    with target.tape.plumbing(), tolerate(*GONE):
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])


def _with_arn(target: Target, name: str, url: str) -> QueueDescription:
    attributes = target.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return QueueDescription(name, url, attributes["Attributes"]["QueueArn"])


def _deleted_just_now(error: ClientError) -> bool:
    return error_code(error).endswith("QueueDeletedRecently")
