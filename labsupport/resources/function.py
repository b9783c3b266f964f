"""Lambda functions: their code and configuration.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-functions.html
"""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from labsupport import naming
from labsupport.errors import DeployError
from labsupport.lost_answers import survives_lost_answers
from labsupport.resources.event_source_mapping import delete_event_source_mapping, event_source_mappings
from labsupport.resources.log_group import delete_log_group
from labsupport.resources.ownership import require_ours
from labsupport.target import Target
from labsupport.waiting import error_code, retry_while, tolerate, wait_until

GONE = "ResourceNotFoundException"
ALREADY_THERE = "already exist"
ROLE_SETTLES_SECONDS = 30  # IAM tells a new role around within seconds
UPDATE_SECONDS = 60
# What Lambda says of a role that isn't known everywhere yet; the second one where there are variables.
NEW_ROLE = ("cannot be assumed", "KMS key is invalid for CreateGrant")


@dataclass(frozen=True)
class FunctionDescription:
    """Describe a function as Lambda does.

    Attributes:
        code_sha256: of the deployment package, in base64.
        change: what `deploy_function` did: "created", "code updated", "configuration updated", both joined
            by " and ", or "unchanged"; "" where the function was only described.
    """

    name: str
    arn: str
    runtime: str
    handler: str
    role_arn: str
    memory_mb: int
    timeout_seconds: int
    environment: dict[str, str]
    layers: tuple[str, ...]
    code_sha256: str
    code_size_bytes: int
    change: str = ""


@survives_lost_answers
def deploy_function(
    target: Target,
    name: str,
    *,
    code: bytes,
    role_arn: str,
    handler: str = "handler.handler",
    runtime: str | None = None,
    memory_mb: int = 128,
    timeout_seconds: int = 3,
    log_format: str = "Text",
    environment: Mapping[str, str] | None = None,
    layers: Sequence[str] = (),
) -> FunctionDescription:
    """Create the function or update what differs, and return when it can be invoked.

    Args:
        target: where.
        name: full name of the function.
        code: the deployment package, a zip.
        role_arn: the execution role.
        handler: module and function.
        runtime: such as "python3.11"; by default this interpreter's version.
        memory_mb: 128 to 10,240.
        timeout_seconds: 1 to 900.
        log_format: "Text" or "JSON".
        environment: the function's environment variables.
        layers: ARNs of layer versions, at most five.

    Raises:
        DeployError: the function exists and is not the lab's, or did not become ready.
        botocore.exceptions.ClientError: Lambda refused it.
    """
    wanted: dict[str, Any] = {
        "Role": role_arn,
        "Handler": handler,
        "Runtime": runtime or f"python{sys.version_info.major}.{sys.version_info.minor}",
        "MemorySize": memory_mb,
        "Timeout": timeout_seconds,
        "LoggingConfig": {"LogFormat": log_format},
        "Environment": {"Variables": dict(environment or {})},
        "Layers": list(layers),
    }
    aws_lambda = target.client("lambda")
    with target.tape.plumbing():
        existing = _get_function(target, name)
        if existing is None:
            package, tags = {"ZipFile": code}, target.tags()
            try:
                _when_settled(
                    lambda: aws_lambda.create_function(FunctionName=name, Code=package, Tags=tags, **wanted)
                )
            except ClientError as error:
                if ALREADY_THERE not in str(error) or not (existing := _get_function(target, name)):
                    raise
                # boto3 asked twice: the first answer was lost. Or somebody was quicker.
                require_ours(target, f"function {name}", existing.get("Tags", {}))
            return replace(wait_until_ready(target, name), change="created")
        require_ours(target, f"function {name}", existing.get("Tags", {}))
        _put_off_expiry(target, existing)
        changes = []
        if existing["Configuration"]["CodeSha256"] != _sha256(code):
            _when_settled(lambda: aws_lambda.update_function_code(FunctionName=name, ZipFile=code))
            wait_until_ready(target, name)
            changes.append("code")
        if _differs(existing["Configuration"], wanted):
            _when_settled(lambda: aws_lambda.update_function_configuration(FunctionName=name, **wanted))
            changes.append("configuration")
        change = f"{' and '.join(changes)} updated" if changes else "unchanged"
        return replace(wait_until_ready(target, name), change=change)


def describe_function(target: Target, name: str) -> FunctionDescription | None:
    """Return the function, or None."""
    found = _get_function(target, name)
    return _description(found["Configuration"]) if found else None


def wait_until_ready(target: Target, name: str) -> FunctionDescription:
    """Wait until the function is active and no update is in progress.

    Raises:
        DeployError: Lambda could not finish it, or not in time.
    """

    def ready() -> dict[str, Any] | None:
        configuration: dict[str, Any] = aws_lambda.get_function_configuration(FunctionName=name)
        for status, reason in (("State", "StateReason"), ("LastUpdateStatus", "LastUpdateStatusReason")):
            if configuration.get(status) == "Failed":
                raise DeployError(
                    doing=doing,
                    cause=f"Lambda says: {configuration.get(reason, 'no reason given')}",
                    next_step="Correct what Lambda names, and run the cell again.",
                )
        done = configuration["State"] == "Active" and configuration["LastUpdateStatus"] == "Successful"
        return configuration if done else None

    doing = f"waiting for the function {name} to be ready"
    aws_lambda = target.client("lambda")
    with target.tape.plumbing():
        return _description(wait_until(ready, doing=doing, timeout_seconds=UPDATE_SECONDS))


def delete_function(target: Target, name: str) -> None:
    """Delete the function, its event source mappings and its log group."""
    with target.tape.plumbing():
        for mapping in list(event_source_mappings(target, function=name)):
            delete_event_source_mapping(target, mapping["UUID"])
        with tolerate(GONE):
            target.client("lambda").delete_function(FunctionName=name)
        delete_log_group(target, naming.log_group_name(name))


def _get_function(target: Target, name: str) -> dict[str, Any] | None:
    with tolerate(GONE):
        found: dict[str, Any] = target.client("lambda").get_function(FunctionName=name)
        return found
    return None


def _put_off_expiry(target: Target, function: dict[str, Any]) -> None:
    """Renew lab-expires when more than half of its time is over: whoever deploys again still works with it.

    An owner's things are swept once the last of them has expired (sweeping.py), so functions are enough.
    """
    expires = naming.expires(function.get("Tags", {}))
    if expires is None or expires - datetime.now(UTC) < timedelta(hours=target.expires_hours) / 2:
        target.client("lambda").tag_resource(
            Resource=function["Configuration"]["FunctionArn"],
            Tags={"lab-expires": target.tags()["lab-expires"]},
        )


def _when_settled(call: Any) -> Any:
    return retry_while(
        _passes,
        call,
        timeout_seconds=ROLE_SETTLES_SECONDS,
        doing="waiting until Lambda may assume the role, or has done an update",
    )


def _passes(error: ClientError) -> bool:
    """Tell whether Lambda's refusal passes: an update in progress, or a role that is too new."""
    code, message = error_code(error), str(error)
    new_role = code == "InvalidParameterValueException" and any(word in message for word in NEW_ROLE)
    return new_role or (code == "ResourceConflictException" and ALREADY_THERE not in message)


def _differs(configuration: dict[str, Any], wanted: dict[str, Any]) -> bool:
    current = {
        **{key: configuration.get(key) for key in ("Role", "Handler", "Runtime", "MemorySize", "Timeout")},
        "LoggingConfig": {"LogFormat": configuration.get("LoggingConfig", {}).get("LogFormat", "Text")},
        "Environment": {"Variables": configuration.get("Environment", {}).get("Variables", {})},
        "Layers": [layer["Arn"] for layer in configuration.get("Layers", [])],
    }
    return current != wanted


def _description(configuration: dict[str, Any]) -> FunctionDescription:
    return FunctionDescription(
        name=configuration["FunctionName"],
        arn=configuration["FunctionArn"],
        runtime=configuration["Runtime"],
        handler=configuration["Handler"],
        role_arn=configuration["Role"],
        memory_mb=configuration["MemorySize"],
        timeout_seconds=configuration["Timeout"],
        environment=configuration.get("Environment", {}).get("Variables", {}),
        layers=tuple(layer["Arn"] for layer in configuration.get("Layers", [])),
        code_sha256=configuration["CodeSha256"],
        code_size_bytes=configuration["CodeSize"],
    )


def _sha256(code: bytes) -> str:
    return base64.b64encode(hashlib.sha256(code).digest()).decode()
