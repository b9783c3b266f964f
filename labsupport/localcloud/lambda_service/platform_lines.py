"""The lines that Lambda itself writes into a function's log, in the log format Text.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from labsupport.localcloud.lambda_service import platform_events as events
from labsupport.localcloud.lambda_service.function import LoggingConfig


def render(event: events.PlatformEvent, _logging: LoggingConfig, _now_ms: int) -> str | None:
    """Return an event as a line, or None where text has no line for it. Levels don't count in text."""
    return LINES[type(event)](event)


def init_start(runtime_version: str, runtime_version_arn: str) -> str:
    """Say that an environment starts to initialise."""
    return f"INIT_START Runtime Version: {runtime_version}\tRuntime Version ARN: {runtime_version_arn}"


def init_report(init_ms: float, phase: str, status: str, error_type: str | None) -> str:
    """Say why an Init phase failed. A successful one has no such line."""
    line = f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: {phase}\tStatus: {status}"
    return line + (f"\tError Type: {error_type}" if error_type else "")


def extension(name: str, events: Sequence[str]) -> str:
    """Say that an extension is ready, and what it wants to be told."""
    return f"EXTENSION\tName: {name}\tState: Ready\tEvents: [{', '.join(events)}]"


def start(request_id: str, version: str) -> str:
    """Say that an invocation starts."""
    return f"START RequestId: {request_id} Version: {version}"


def end(request_id: str) -> str:
    """Say that an invocation has ended."""
    return f"END RequestId: {request_id}"


def report(
    request_id: str,
    *,
    duration_ms: float,
    init_ms: float | None,
    memory_mb: int,
    max_memory_mb: int,
    status: str | None = None,
    error_type: str | None = None,
) -> str:
    """Sum an invocation up.

    Since 1 August 2025 the Init phase is billed: Billed Duration is Duration plus Init Duration, rounded
    up to the next millisecond. `init_ms` is given for the first invocation of an environment only.
    """
    parts = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {billed_ms(duration_ms, init_ms)} ms",
        f"Memory Size: {memory_mb} MB",
        f"Max Memory Used: {max_memory_mb} MB",
    ]
    if init_ms is not None:
        parts.append(f"Init Duration: {init_ms:.2f} ms")
    if status is not None:
        parts.append(f"Status: {status}")
    if error_type is not None:
        parts.append(f"Error Type: {error_type}")
    return "\t".join(parts) + "\t"


def billed_ms(duration_ms: float, init_ms: float | None, *, digits: int = 2) -> int:
    """Return the milliseconds that are billed for times that are shown with so many digits."""
    return math.ceil(round(duration_ms, digits) + round(init_ms or 0, digits))


def timed_out(request_id: str, timeout_seconds: float) -> str:
    """Say that an invocation ran into its function's timeout."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{now} {request_id} {timeout_message(timeout_seconds)}"


def timeout_message(timeout_seconds: float) -> str:
    """Return Lambda's words for a timeout."""
    return f"Task timed out after {timeout_seconds:.2f} seconds"


def _init_report(event: events.InitReport) -> str | None:
    told_anyway = event.initialization_type != "on-demand" and event.phase == "init"
    if event.status == events.SUCCESS and not told_anyway:
        return None
    return init_report(event.duration_ms, event.phase, event.status, event.error_type)


def _report(event: events.Report) -> str:
    return report(
        event.request_id,
        duration_ms=event.duration_ms,
        init_ms=event.init_ms,
        memory_mb=event.memory_mb,
        max_memory_mb=event.max_memory_mb,
        status=None if event.status == events.SUCCESS else event.status,
        error_type=event.error_type,
    )


LINES: dict[type, Callable[[Any], str | None]] = {
    events.InitStart: lambda event: init_start(event.runtime_version, event.runtime_version_arn),
    events.InitRuntimeDone: lambda event: None,
    events.InitReport: _init_report,
    events.ExtensionReady: lambda event: extension(event.name, event.events),
    events.Start: lambda event: start(event.request_id, event.version),
    events.TimedOut: lambda event: timed_out(event.request_id, event.timeout_seconds) + "\n",
    events.RuntimeFailed: lambda event: f"{event.message}\n{event.error_type}",
    events.RuntimeDone: lambda event: end(event.request_id),
    events.Report: _report,
}
