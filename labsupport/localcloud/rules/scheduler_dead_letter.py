"""What EventBridge Scheduler sends to a schedule's dead-letter queue: the call that failed, and why.

The message is the request to the target's API, and its attributes say what that API answered. AWS's page
shows a request to SQS; those to the other targets follow their APIs. EXHAUSTED_RETRY_CONDITION stands there
only after an error that can be retried: a target that is gone, or that the role may not reach, is none.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

# The APIs of targets, as service ARNs of universal targets name them.
CALLS = {
    "events": "eventbridge:putEvents",
    "lambda": "lambda:invoke",
    "sns": "sns:publish",
    "sqs": "sqs:sendMessage",
    "states": "sfn:startExecution",
}


class TargetError(NamedTuple):
    """What a target's API answered."""

    code: str
    message: str


GONE = {
    "lambda": TargetError("ResourceNotFoundException", "Function not found: {arn}"),
    "sns": TargetError("NotFound", "Topic does not exist"),
    "sqs": TargetError(
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist for this wsdl version.",
    ),
}
DENIED = {"sns": "AuthorizationError", "sqs": "AccessDenied"}


def gone(target_arn: str) -> TargetError:
    """Return the error of a target that does not exist: a function, a queue or a topic."""
    error = GONE[_service(target_arn)]
    return error._replace(message=error.message.format(arn=target_arn))


def denied(target_arn: str, sentence: str) -> TargetError:
    """Return the error of a target that the schedule's role may not reach, with IAM's sentence."""
    return TargetError(DENIED.get(_service(target_arn), "AccessDeniedException"), sentence)


def body(target: Mapping[str, Any], queue_url: str) -> str:
    """Return the request to a target's API as JSON. `queue_url` is that of a target that is a queue."""
    arn, text = target["Arn"], target.get("Input", "")
    event = {"EventBusName": arn, **target.get("EventBridgeParameters", {}), "Detail": text}
    requests: dict[str, dict[str, Any]] = {
        "events": {"Entries": [event]},
        "lambda": {"FunctionName": arn, "InvocationType": "Event", "Payload": text},
        "sns": {"TopicArn": arn, "Message": text},
        "sqs": {"MessageBody": text, "QueueUrl": queue_url, **target.get("SqsParameters", {})},
        "states": {"StateMachineArn": arn, "Input": text},
    }
    return json.dumps(requests[_service(arn)])


def attributes(
    schedule_arn: str, target_arn: str, error: TargetError, *, due: float, execution_id: str
) -> dict[str, str]:
    """Return the message attributes of a dead letter. `due` is in seconds since the epoch."""
    return {
        "ERROR_CODE": error.code,
        "ERROR_MESSAGE": error.message,
        "EXECUTION_ID": execution_id,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULED_TIME": f"{datetime.fromtimestamp(due, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "SCHEDULE_ARN": schedule_arn,
        "TARGET_ARN": f"arn:aws:scheduler:::aws-sdk:{CALLS[_service(target_arn)]}",
    }


def _service(arn: str) -> str:
    return arn.split(":")[2]
