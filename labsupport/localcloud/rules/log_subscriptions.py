"""Subscription filters: what a function gets of the log events that match.

https://docs.aws.amazon.com/lambda/latest/dg/services-cloudwatchlogs.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

import base64
import gzip
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from labsupport.localcloud.filter_patterns import read_pattern
from labsupport.localcloud.rules.refusal import Refusal

PRINCIPAL = "logs.amazonaws.com"


def not_permitted() -> Refusal:
    """Return AWS's refusal of a function that CloudWatch Logs may not invoke."""
    return Refusal(
        "InvalidParameterException",
        "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to "
        "execute your function.",
    )


def invocation(
    filter_name: str,
    pattern: str,
    events: Sequence[Mapping[str, Any]],
    *,
    account: str,
    group: str,
    stream: str,
) -> dict[str, Any] | None:
    """Return the event with which a function is invoked, or None if no log event matches.

    Args:
        filter_name, pattern: of the subscription filter.
        events: {"timestamp": ms, "message": text}
        account, group, stream: where they were written.
    """
    matches = read_pattern(pattern)
    matching = [each for each in events if matches(each["message"])]
    if not matching:
        return None
    message = {
        "messageType": "DATA_MESSAGE",
        "owner": account,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [filter_name],
        "logEvents": [
            {"id": uuid.uuid4().hex, "timestamp": each["timestamp"], "message": each["message"]}
            for each in matching
        ],
    }
    data = base64.b64encode(gzip.compress(json.dumps(message).encode())).decode()
    return {"awslogs": {"data": data}}
