"""The lines that Lambda itself writes into a function's log.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime


def init_start(runtime_version: str, region: str) -> str:
    """Say that an environment starts to initialise."""
    arn = f"arn:aws:lambda:{region}::runtime:serverless-lab"
    return f"INIT_START Runtime Version: {runtime_version}\tRuntime Version ARN: {arn}"


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


def billed_ms(duration_ms: float, init_ms: float | None) -> int:
    """Return the milliseconds that are billed."""
    return math.ceil(round(duration_ms, 2) + round(init_ms or 0, 2))


def timed_out(request_id: str, timeout_seconds: float) -> str:
    """Say that an invocation ran into its function's timeout."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{now} {request_id} Task timed out after {timeout_seconds:.2f} seconds"
