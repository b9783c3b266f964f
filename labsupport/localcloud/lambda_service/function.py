"""What goes into the Lambda service and what comes out of it, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True)
class LoggingConfig:
    """How a function's log is written, with AWS's defaults.

    Attributes:
        log_format: "Text" or "JSON".
        application_log_level: the least level of what the function writes; counts with JSON only.
        system_log_level: the least level of what Lambda writes; counts with JSON only.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
    """

    log_format: str = "Text"
    application_log_level: str = "INFO"
    system_log_level: str = "INFO"


@dataclass(frozen=True)
class Function:
    """One version of a function, with all that its execution environments need.

    Attributes:
        arn: the function's ARN without a qualifier.
        invoked_arn: the ARN that the caller used; the handler's context carries it.
        name: the function's name.
        version: "$LATEST" or a number.
        revision: changes with the code and with each setting. An environment serves one revision only.
        region: the AWS Region.
        runtime: "python3.11" and the like.
        handler: "module.function".
        memory_mb: what the REPORT line calls Memory Size.
        timeout_seconds: limit of one invocation.
        code: the deployment package, a zip archive.
        layers: zip archives, merged under /opt in this order.
        environment: the learner's environment variables.
        platform_environment: variables that stand in for what AWS knows by itself.
        role_arn: the execution role.
        credentials: the execution role's AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
        log_group: the log group that the environments write to.
        logging: the log's format and its levels.
        ephemeral_storage_mb: the size of /tmp.
    """

    arn: str
    invoked_arn: str
    name: str
    version: str
    revision: str
    region: str
    runtime: str
    handler: str
    memory_mb: int
    timeout_seconds: float
    code: bytes = field(repr=False)
    layers: tuple[bytes, ...] = field(default=(), repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    platform_environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    role_arn: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    log_group: str = ""
    logging: LoggingConfig = LoggingConfig()
    ephemeral_storage_mb: int = 512


class LogEvent(NamedTuple):
    """One event of a log stream. `level` is set where the runtime client has told it, such as "ERROR"."""

    timestamp_ms: int
    message: str
    level: str | None = None


@dataclass(frozen=True)
class InvocationResult:
    """What one invocation came to.

    Attributes:
        payload: the handler's answer, JSON text; empty after an error.
        error: {"errorType", "errorMessage", ...} as AWS returns it, or None.
        log_tail: the invocation's log lines, for LogType=Tail.
        duration_ms: as the REPORT line says.
        provisioned: a provisioned environment served it.
        provisioned_in_use: provisioned environments of the version that were busy when it began.
    """

    payload: bytes
    error: dict[str, Any] | None
    log_tail: str
    duration_ms: float = 0.0
    provisioned: bool = False
    provisioned_in_use: int = 0
