"""SQS queues: where failed events wait to be read.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/welcome.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from labsupport.errors import DeployError
from labsupport.lost_answers import survives_lost_answers
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


@dataclass(frozen=True)
class Message:
    """A message that was received.

    Attributes:
        body: its text.
        attributes: the message attributes, those that are text.
        receipt_handle: what `delete_message` asks for.
    """

    body: str
    attributes: Mapping[str, str]
    receipt_handle: str = field(repr=False)

    def json(self) -> Any:
        """Return the body as data."""
        return json.loads(self.body)


@survives_lost_answers
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
            doing=f"waiting until the name {name} of a deleted queue is free again",
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


def wait_for_message(
    target: Target, queue: QueueDescription, *, containing: str, timeout_seconds: float
) -> Message:
    """Receive messages until one has a text in its body or its attributes, and return that one.

    It stays in the queue until it is deleted. So do the others: after the visibility timeout they can be
    received again.

    Raises:
        DeployError: there was none within the time.
    """
    deadline = time.monotonic() + timeout_seconds
    with target.tape.plumbing():
        while (left := deadline - time.monotonic()) > 0:
            answer = target.client("sqs").receive_message(
                QueueUrl=queue.url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=min(20, int(left) + 1),
                MessageAttributeNames=["All"],
            )
            for message in map(_message, answer.get("Messages", [])):
                if containing in message.body or containing in message.attributes.values():
                    return message
    raise DeployError(
        doing=f"waiting for a message with {containing!r} in the queue {queue.name}",
        cause=f"none came within {timeout_seconds:g} s.",
        next_step="Check that the function's role may send to the queue, and look at the function's logs.",
    )


def _message(received: dict[str, Any]) -> Message:
    attributes = received.get("MessageAttributes", {})
    texts = {name: value["StringValue"] for name, value in attributes.items() if "StringValue" in value}
    return Message(received["Body"], texts, received["ReceiptHandle"])


def _with_arn(target: Target, name: str, url: str) -> QueueDescription:
    attributes = target.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return QueueDescription(name, url, attributes["Attributes"]["QueueArn"])


def _deleted_just_now(error: ClientError) -> bool:
    return error_code(error).endswith("QueueDeletedRecently")
