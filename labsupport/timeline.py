"""The lives of execution environments, read from log events alone (notebook 01_lambda_lifecycle).

Each environment writes a log stream of its own. Lambda's own lines in it say when Init began, when an
invocation began and how long both took. Nothing else is asked, so a life reads the same on every cloud.

What the log doesn't tell isn't there: when an environment without an extension has ended, and how long the
repeated Init inside an invocation took (AWS calls it a suppressed init).

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from labsupport.environment_life import EnvironmentLife, Kind, Span
from labsupport.logs import LogEvent, parse_report

INIT_REPORT = re.compile(r"INIT_REPORT Init Duration: ([\d.]+) ms\tPhase: init\tStatus: (\w+)")
INVOCATION_STARTS = re.compile(r"START RequestId: (\S+) Version: (\S+)")
LAMBDAS_OWN = (
    "INIT_START",
    "INIT_REPORT",
    "START RequestId",
    "END RequestId",
    "REPORT RequestId",
    "EXTENSION\t",
)
FUNCTION_ERROR = "[ERROR]"
# Lambda logs no line of its own about the Shutdown phase. The extension in layers/lifecycle writes these.
SHUTDOWN_BEGINS, SHUTDOWN_ENDS = "Shutdown phase begins", "Shutdown phase ends"


def read_lives(events: Iterable[LogEvent]) -> list[EnvironmentLife]:
    """Return the environments that wrote these events, in the order in which they began."""
    streams: dict[str, list[LogEvent]] = {}
    for event in events:
        streams.setdefault(event.stream, []).append(event)
    lives = [_read_life(stream, written) for stream, written in streams.items()]
    return sorted((life for life in lives if life.phases), key=lambda life: life.phases[0].start_ms)


def _read_life(stream: str, events: Sequence[LogEvent]) -> EnvironmentLife:
    phases: list[Span] = []
    began: dict[str, float] = {}  # by what began: "init", "shutdown" or a request id
    failed = ""
    for event in events:
        if event.message.startswith("INIT_START"):
            began["init"] = event.timestamp_ms
        elif match := INIT_REPORT.match(event.message):
            start_ms = began.pop("init", event.timestamp_ms - float(match[1]))
            status = "" if match[2] == "success" else match[2]
            phases.append(Span(Kind.INIT, start_ms, start_ms + float(match[1]), status))
        elif match := INVOCATION_STARTS.match(event.message):
            began[match[1]], failed = event.timestamp_ms, ""
        elif event.message.startswith(FUNCTION_ERROR):
            failed = "error"
        elif SHUTDOWN_BEGINS in event.message:
            began["shutdown"] = event.timestamp_ms
        elif SHUTDOWN_ENDS in event.message and "shutdown" in began:
            phases.append(Span(Kind.SHUTDOWN, began.pop("shutdown"), event.timestamp_ms))
        elif report := parse_report(event.message):
            if report.init_ms is not None and "init" in began:
                start_ms = began.pop("init")
                phases.append(Span(Kind.INIT, start_ms, start_ms + report.init_ms))
            # START comes after an Init phase that is repeated inside the invocation and counts as its time.
            start_ms = event.timestamp_ms - report.duration_ms
            start_ms = min(start_ms, began.pop(report.request_id, start_ms))
            problem = report.error_type or report.status or failed
            phases.append(
                Span(Kind.INVOKE, start_ms, start_ms + report.duration_ms, problem, report.request_id)
            )
    lines = tuple(
        event.timestamp_ms
        for event in events
        if not event.message.startswith(LAMBDAS_OWN)
        and SHUTDOWN_BEGINS not in event.message
        and SHUTDOWN_ENDS not in event.message
    )
    return EnvironmentLife(stream, tuple(sorted(phases, key=lambda span: span.start_ms)), lines)
