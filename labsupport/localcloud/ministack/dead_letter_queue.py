"""Where a service puts what it could not deliver. Whether it may is asked before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any


def put(queue_arn: str, body: str, attributes: Mapping[str, str]) -> None:
    """Put a message with attributes into a queue that is there."""
    from ministack.core.concurrency import esm_wake
    from ministack.core.responses import new_uuid
    from ministack.services import sqs

    queue: Any = sqs._queue_by_arn(queue_arn)
    typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    now = time.time()
    message = {
        "id": new_uuid(),
        "body": body,
        "message_attributes": typed,
        "md5_attrs": sqs._md5_msg_attrs(typed),
        "sent_at": now,
        "visible_at": now + sqs.queue_delay(queue),
    }
    sqs._ensure_msg_fields(message)
    queue["messages"].append(message)
    esm_wake.set()
