"""A function's environment variables have 4 KB together, and none has a name that Lambda uses itself.

What counts is the JSON text of all names and values. Names that begin with an underscore, such as _HANDLER,
are refused before by the service model's pattern.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from labsupport.localcloud.rules.refusal import Refusal, invalid_parameter

MOST_BYTES = 4096
RESERVED = frozenset(
    {
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_METADATA_API",
        "AWS_LAMBDA_METADATA_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    }
)
CAN_NOT = (
    "Lambda was unable to configure your environment variables because the environment variables you have "
    "provided"
)


def problem(variables: Mapping[str, str]) -> Refusal | None:
    """Return AWS's refusal of a function's environment variables, or None."""
    reserved = ", ".join(name for name in variables if name in RESERVED)
    if reserved:
        return invalid_parameter(
            f"{CAN_NOT} contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {reserved}"
        )
    measured = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > MOST_BYTES:
        return invalid_parameter(f"{CAN_NOT} exceeded the 4KB limit. String measured: {measured}")
    return None
