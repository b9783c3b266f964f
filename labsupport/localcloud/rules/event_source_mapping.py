"""What Lambda asks before it polls a queue or a stream for a function.

The execution role must be allowed to read from the source, since Lambda polls with it. A message must stay
hidden at least as long as the function may take, or it would be handed out again while it is being handled.

AWS's pages name the permissions and the conditions; the sentences are those that AWS answers with.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labsupport.localcloud.rules.refusal import Refusal, invalid_parameter

QUEUE_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
# What both the page of a source and AWS's refusal name.
STREAM_ACTIONS = {
    "dynamodb": ("GetRecords", "GetShardIterator", "DescribeStream", "ListStreams"),
    "kinesis": ("GetRecords", "GetShardIterator", "DescribeStream"),
}
LARGEST_BATCH_WITHOUT_WINDOW = 10
STREAM_DEFAULTS = {
    "BatchSize": 100,
    "BisectBatchOnFunctionError": False,
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "ParallelizationFactor": 1,
}
POLICIES_OF_STREAMS = (
    "BisectBatchOnFunctionError",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "StartingPosition",
    "TumblingWindowInSeconds",
)

Allows = Callable[[str], bool]
"""Asks the execution role's policies for an action on the source, such as "sqs:ReceiveMessage"."""


def service(source_arn: str) -> str:
    """Return a source's service: "sqs", "dynamodb", "kinesis" or another one."""
    return source_arn.split(":")[2] if source_arn.count(":") >= 5 else ""


def is_polled(source_arn: str) -> bool:
    """Tell whether the lab knows what this kind of source needs."""
    return service(source_arn) in ("sqs", *STREAM_ACTIONS)


def permission_problem(source_arn: str, allows: Allows) -> Refusal | None:
    """Return AWS's refusal of an execution role that may not read from the source, or None."""
    if service(source_arn) == "sqs":
        for action in QUEUE_ACTIONS:
            if not allows(f"sqs:{action}"):
                return invalid_parameter(
                    f"The function execution role does not have permissions to call {action} on SQS"
                )
        return None
    actions = STREAM_ACTIONS.get(service(source_arn), ())
    if all(allows(f"{service(source_arn)}:{action}") for action in actions):
        return None
    return invalid_parameter(
        f"Cannot access stream {source_arn}. Please ensure the role can perform the GetRecords, "
        "GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM."
    )


def visibility_problem(visibility_seconds: int, function_seconds: int) -> Refusal | None:
    """Return AWS's refusal of a queue whose messages reappear before the function's timeout, or None."""
    if visibility_seconds >= function_seconds:
        return None
    return invalid_parameter(
        f"Queue visibility timeout: {visibility_seconds} seconds is less than Function timeout: "
        f"{function_seconds} seconds"
    )


def source_missing(source_arn: str) -> Refusal:
    """Return AWS's refusal of a source that is not there."""
    if service(source_arn) == "sqs":
        return invalid_parameter(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            "SQS Error Message: The specified queue does not exist."
        )
    return invalid_parameter(f"Stream not found: {source_arn}")


def duplicate(source_arn: str, function_name: str, uuid: str) -> Refusal:
    """Return AWS's refusal of a second mapping of the same source and function."""
    kind = {"sqs": "SQS ", "kinesis": "Kinesis ", "dynamodb": "DynamoDB "}.get(service(source_arn), "")
    return Refusal(
        "ResourceConflictException",
        f'An event source mapping with {kind}arn (" {source_arn} ") and function (" {function_name} ") '
        f"already exists. Please update or delete the existing mapping with UUID {uuid}",
        409,
    )


def settings_problem(parameters: Mapping[str, Any]) -> Refusal | None:
    """Return the refusal of settings that don't go together, or None.

    Args:
        parameters: of CreateEventSourceMapping, or what they are after UpdateEventSourceMapping.
    """
    source_arn = str(parameters.get("EventSourceArn", ""))
    if service(source_arn) == "sqs":
        return _queue_settings_problem(source_arn, parameters)
    if service(source_arn) in STREAM_ACTIONS:
        return _stream_settings_problem(parameters)
    return None


def _queue_settings_problem(source_arn: str, parameters: Mapping[str, Any]) -> Refusal | None:
    size, window = parameters.get("BatchSize", 10), parameters.get("MaximumBatchingWindowInSeconds", 0)
    if any(parameters.get(name) for name in POLICIES_OF_STREAMS):
        return invalid_parameter("Unsupported parameters for given event source mapping type.")
    if source_arn.endswith(".fifo") and window:
        return invalid_parameter("Batching window is not supported for FIFO queues")
    if size > LARGEST_BATCH_WITHOUT_WINDOW and not window:
        return invalid_parameter(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater "
            f"than {LARGEST_BATCH_WITHOUT_WINDOW}"
        )
    return None


def _stream_settings_problem(parameters: Mapping[str, Any]) -> Refusal | None:
    if not parameters.get("StartingPosition"):
        return Refusal(
            "ValidationException",
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null.",
        )
    if parameters["StartingPosition"] == "AT_TIMESTAMP":
        return invalid_parameter("The local cloud begins to read at TRIM_HORIZON or LATEST only.")
    if parameters.get("TumblingWindowInSeconds"):
        return invalid_parameter(
            "The local cloud has no tumbling windows: leave TumblingWindowInSeconds out."
        )
    on_failure = (parameters.get("DestinationConfig") or {}).get("OnFailure") or {}
    if service(str(on_failure.get("Destination", ""))) not in ("", "sqs", "sns"):
        return invalid_parameter("The local cloud sends discarded records to SQS queues and SNS topics only.")
    return None
