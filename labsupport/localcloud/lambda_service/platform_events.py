"""What Lambda itself has to say about an environment and its invocations, as data.

`platform_lines.py` writes it as text, `platform_json.py` as JSON.

https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SUCCESS = "success"


@dataclass(frozen=True)
class InitStart:
    """An environment starts to initialise.

    Attributes:
        initialization_type: "on-demand" or "provisioned-concurrency".
        instance_id: the environment's own name.
        memory_mb: what it may use.
    """

    initialization_type: str
    runtime_version: str
    runtime_version_arn: str
    function_name: str
    function_version: str
    instance_id: str
    memory_mb: int


@dataclass(frozen=True)
class InitRuntimeDone:
    """The runtime and the extensions are ready, or one of them has failed.

    Attributes:
        phase: "init", or "invoke" for an Init inside an invocation.
        status: "success", "error" or "timeout".
    """

    initialization_type: str
    phase: str
    status: str = SUCCESS
    error_type: str | None = None


@dataclass(frozen=True)
class InitReport:
    """Sums an Init phase up. See `InitRuntimeDone`."""

    initialization_type: str
    phase: str
    duration_ms: float
    status: str = SUCCESS
    error_type: str | None = None


@dataclass(frozen=True)
class ExtensionReady:
    """An extension has registered, for these events."""

    name: str
    events: Sequence[str]


@dataclass(frozen=True)
class Start:
    """An invocation starts."""

    request_id: str
    version: str


@dataclass(frozen=True)
class TimedOut:
    """An invocation ran into its function's timeout."""

    request_id: str
    timeout_seconds: float


@dataclass(frozen=True)
class RuntimeFailed:
    """The runtime, or an extension, has ended in the middle of an invocation."""

    message: str
    error_type: str


@dataclass(frozen=True)
class RuntimeDone:
    """The runtime is done with an invocation.

    Attributes:
        duration_ms: until the runtime's answer or its end.
        produced_bytes: the answer's size.
    """

    request_id: str
    duration_ms: float
    produced_bytes: int
    status: str = SUCCESS
    error_type: str | None = None


@dataclass(frozen=True)
class Report:
    """Sums an invocation up.

    Attributes:
        duration_ms: with what the extensions took after the runtime.
        init_ms: of the Init phase; given for the first invocation of an environment only.
    """

    request_id: str
    duration_ms: float
    init_ms: float | None
    memory_mb: int
    max_memory_mb: int
    status: str = SUCCESS
    error_type: str | None = None


PlatformEvent = (
    InitStart
    | InitRuntimeDone
    | InitReport
    | ExtensionReady
    | Start
    | TimedOut
    | RuntimeFailed
    | RuntimeDone
    | Report
)
