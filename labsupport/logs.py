"""What functions wrote to CloudWatch Logs: log events, and reports as data, in both of Lambda's log formats.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from labsupport.naming import log_group_name
from labsupport.target import Target
from labsupport.waiting import tolerate, wait_until

FIELD = re.compile(r"((?:[A-Z]\w* )*[A-Z]\w*): (\S+)")
"""A name and its value in a REPORT line, such as "Billed Duration: 147 ms"; AWS puts tabs between them."""


@dataclass(frozen=True)
class LogEvent:
    """One log event, usually one line.

    Attributes:
        timestamp_ms: milliseconds since the epoch, UTC.
        stream: the log stream; each execution environment writes its own.
        message: without the line end.
    """

    timestamp_ms: int
    stream: str
    message: str

    @property
    def time(self) -> datetime:
        """The time as a datetime, in UTC."""
        return datetime.fromtimestamp(self.timestamp_ms / 1000, UTC)

    @property
    def platform(self) -> tuple[str, dict[str, Any]] | None:
        """The type and the record of an event that Lambda itself wrote as JSON, such as "platform.report"."""
        return parse_platform_event(self.message)

    def __str__(self) -> str:
        return f"{self.time:%H:%M:%S}.{self.timestamp_ms % 1000:03d}  {self.message}"


class LogEvents(list[LogEvent]):
    """Log events that show themselves as a log, one line each."""

    def of_environment(self, request_id: str) -> LogEvents:
        """Return the events of the environment that served a request, also those of its Init phase."""
        streams = {event.stream for event in self if request_id in event.message}
        return LogEvents(event for event in self if event.stream in streams)

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "No log events."


@dataclass(frozen=True)
class Report:
    """A REPORT line or a platform.report event: what one invocation took.

    Attributes:
        duration_ms: of the handler.
        billed_ms: what is paid: duration and Init, rounded up.
        memory_mb: configured.
        max_memory_mb: used.
        init_ms: of the Init phase; None means a warm start.
        status: "timeout" or "error"; None means success.
        error_type: such as "Runtime.ExitError", or None.
    """

    request_id: str
    duration_ms: float
    billed_ms: int
    memory_mb: int
    max_memory_mb: int
    init_ms: float | None = None
    status: str | None = None
    error_type: str | None = None


def parse_platform_event(line: str) -> tuple[str, dict[str, Any]] | None:
    """Return the type and the record of an event of Lambda's own in JSON, or None for any other line."""
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    event_type, record = event.get("type"), event.get("record")
    if not str(event_type).startswith("platform.") or not isinstance(record, dict):
        return None
    return event_type, record


def parse_report(line: str) -> Report | None:
    """Return a REPORT line, or a platform.report event in JSON, as data; None for any other line."""
    if event := parse_platform_event(line):
        return _json_report(event[1]) if event[0] == "platform.report" else None
    if not line.startswith("REPORT RequestId: "):
        return None
    fields = dict(FIELD.findall(line))
    init = fields.get("Init Duration")
    return Report(
        request_id=fields["REPORT RequestId"],
        duration_ms=float(fields["Duration"]),
        billed_ms=int(fields["Billed Duration"]),
        memory_mb=int(fields["Memory Size"]),
        max_memory_mb=int(fields["Max Memory Used"]),
        init_ms=float(init) if init else None,
        status=fields.get("Status"),
        error_type=fields.get("Error Type"),
    )


def _json_report(record: dict[str, Any]) -> Report:
    metrics = record["metrics"]
    return Report(
        request_id=record["requestId"],
        duration_ms=metrics["durationMs"],
        billed_ms=metrics["billedDurationMs"],
        memory_mb=metrics["memorySizeMB"],
        max_memory_mb=metrics["maxMemoryUsedMB"],
        init_ms=metrics.get("initDurationMs"),
        status=None if record["status"] == "success" else record["status"],
        error_type=record.get("errorType"),
    )


def parse_tail(log_result: str) -> list[str]:
    """Return the lines of an invocation's LogResult: base64, its last 4 KB, so the first may be cut."""
    return base64.b64decode(log_result).decode(errors="replace").splitlines()


def read_log_events(target: Target, function_name: str, *, since: datetime | None = None) -> LogEvents:
    """Return the function's log events in the order of their time; none where nothing was logged yet.

    Args:
        target: where.
        function_name: full name of the function.
        since: only events of this time and later.
    """
    start = {"startTime": int(since.timestamp() * 1000)} if since else {}
    events: list[LogEvent] = []
    with target.tape.plumbing(), tolerate("ResourceNotFoundException"):
        pages = target.client("logs").get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=log_group_name(function_name), **start):
            events += [
                LogEvent(event["timestamp"], event["logStreamName"], event["message"].rstrip("\n"))
                for event in page["events"]
            ]
    return LogEvents(sorted(events, key=lambda event: event.timestamp_ms))


def wait_for_log_events(
    target: Target,
    function_name: str,
    *,
    until: str,
    since: datetime | None = None,
    timeout_seconds: float = 60,
) -> LogEvents:
    """Wait until a log event contains the text `until`, and return the events that are there then.

    Raises:
        DeployError: none did within the time.
    """

    def find() -> LogEvents | None:
        events = read_log_events(target, function_name, since=since)
        return events if any(until in event.message for event in events) else None

    return wait_until(
        find,
        doing=f"waiting for {until!r} in the log of {function_name}",
        timeout_seconds=timeout_seconds,
        next_step="Check that the function was invoked, and that its role may write logs.",
    )


def wait_for_report(
    target: Target,
    function_name: str,
    *,
    request_id: str | None = None,
    since: datetime | None = None,
    timeout_seconds: float = 60,
) -> Report:
    """Wait until CloudWatch Logs has an invocation's report. Without a request id: the first one.

    Raises:
        DeployError: there was none within the time.
    """

    def find() -> Report | None:
        lines = (event.message for event in read_log_events(target, function_name, since=since))
        reports = (report for line in lines if (report := parse_report(line)))
        return next((report for report in reports if request_id in (None, report.request_id)), None)

    return wait_until(
        find,
        doing=f"waiting for an invocation's report of {function_name} in CloudWatch Logs",
        timeout_seconds=timeout_seconds,
        next_step="Check that the function was invoked, and that its role may write logs.",
    )
