"""A subscription of SNS names in its redrive policy the queue that gets what can't be delivered.

The queue is in the account and Region of the subscription. Standard topics use standard queues; a FIFO
queue that is subscribed to a FIFO topic uses a FIFO queue. A queue's own redrive policy has `maxReceiveCount`
too, a subscription's has not: https://github.com/ministryofjustice/cloud-platform-environments/pull/11520
shows how SNS refuses it. The other sentences of the refusals are ours.

https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
"""

from __future__ import annotations

import json
from typing import Any

KNOWN = "deadLetterTargetArn"


def problem(policy: str, topic_arn: str, endpoint: str) -> str | None:
    """Return what is wrong with a subscription's redrive policy, or None.

    Args:
        policy: as the caller wrote it. An empty one takes the dead-letter queue away.
        topic_arn: that is subscribed to; the subscription is in its account and Region.
        endpoint: of the subscription, such as a queue's ARN.
    """
    if not policy:
        return None
    read = _read(policy)
    if read is None:
        return "failed to parse JSON."
    unknown = next((name for name in read if name != KNOWN), None)
    if unknown is not None:
        return f"invalid JSON. Attribute {unknown} is unknown."
    if KNOWN not in read:
        return f"{KNOWN} is missing."
    arn = str(read[KNOWN]).split(":")
    if len(arn) != 6 or arn[2] != "sqs":
        return f"{KNOWN} is not the ARN of an SQS queue."
    if arn[3:5] != topic_arn.split(":")[3:5]:
        return f"{KNOWN} must be in the account and Region of the subscription."
    if _is_fifo(topic_arn) and _is_fifo(endpoint) and not _is_fifo(arn[5]):
        return "must name a FIFO queue where a FIFO queue is subscribed to a FIFO topic."
    if not _is_fifo(topic_arn) and _is_fifo(arn[5]):
        return "must use a standard queue for a subscription to a standard topic."
    return None


def dead_letter_queue(policy: str) -> str | None:
    """Return the ARN of a redrive policy's queue, or None where there is none."""
    arn = (_read(policy) or {}).get(KNOWN)
    return str(arn) if arn else None


def _read(policy: str) -> dict[str, Any] | None:
    try:
        read = json.loads(policy)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _is_fifo(arn: str) -> bool:
    return arn.endswith(".fifo")
