"""What EventBridge sends to a target's dead-letter queue: the event, and why it was not delivered.

A target that is gone, or doesn't permit EventBridge, is not tried again. The queue is a standard one in the
rule's Region. AWS names the error codes and not their sentences: those are ours. The page lists the attribute
EXHAUSTED_RETRY_CONDITION too; its values are conditions of retries, so that there is none without a retry.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any


class ErrorCode(enum.StrEnum):
    """Why a target did not get an event."""

    NO_PERMISSIONS = "NO_PERMISSIONS"
    NO_RESOURCE = "NO_RESOURCE"


SENTENCES = {
    ErrorCode.NO_PERMISSIONS: "The target's policy does not let EventBridge deliver for this rule.",
    ErrorCode.NO_RESOURCE: "The target does not exist.",
}


def attributes(rule_arn: str, target_arn: str, code: ErrorCode) -> dict[str, str]:
    """Return the message attributes of a dead letter."""
    return {
        "RULE_ARN": rule_arn,
        "TARGET_ARN": target_arn,
        "ERROR_CODE": code,
        "ERROR_MESSAGE": SENTENCES[code],
        "RETRY_ATTEMPTS": "0",
    }


def queue_of(target: Mapping[str, Any]) -> str | None:
    """Return the ARN of a target's dead-letter queue, or None where there is none."""
    return (target.get("DeadLetterConfig") or {}).get("Arn")


def is_usable(queue_arn: str, rule_arn: str) -> bool:
    """Tell whether a queue can be a rule's dead-letter queue, whatever its policy says."""
    service, region = queue_arn.split(":")[2:4] if queue_arn.count(":") == 5 else ("", "")
    return (service, region) == ("sqs", rule_arn.split(":")[3]) and not queue_arn.endswith(".fifo")


def dimensions(rule: Mapping[str, Any]) -> dict[str, str]:
    """Return the dimensions of a rule's metrics. Those of the default event bus name the rule alone.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    """
    bus = rule.get("EventBusName", "default")
    by_name = {"RuleName": str(rule["Name"])}
    return by_name if bus == "default" else {"EventBusName": bus, **by_name}
