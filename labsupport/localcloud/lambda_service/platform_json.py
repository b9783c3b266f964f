"""The events that Lambda itself writes into a function's log, in the log format JSON.

Each has a system log level. SystemLogLevel, by default INFO, says from which level on they are written:
what goes well is told in two events (start and report) at INFO, in detail at DEBUG, and not at all at WARN.

Text has lines for a timeout and for a runtime that ended; JSON has none. There, the status and the error type
of `platform.runtimeDone` and `platform.report` say it.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from labsupport.localcloud.lambda_service import platform_events as events
from labsupport.localcloud.lambda_service.function import LoggingConfig
from labsupport.localcloud.lambda_service.log_levels import at_least
from labsupport.localcloud.lambda_service.platform_lines import billed_ms

DIGITS = 3  # of a millisecond

Record = dict[str, Any]


class Form(NamedTuple):
    """How one kind of event is written: its type, its level and its record."""

    event_type: str
    level: Callable[[Any], str]
    record: Callable[[Any], Record]


def render(event: events.PlatformEvent, logging: LoggingConfig, now_ms: int) -> str | None:
    """Return an event as JSON, or None where there is no such event or its level isn't wanted."""
    form = FORMS.get(type(event))
    if form is None or not at_least(form.level(event), logging.system_log_level):
        return None
    time = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds")
    whole = {"time": time.replace("+00:00", "Z"), "type": form.event_type, "record": form.record(event)}
    return json.dumps(whole, separators=(",", ":"))


def _info(_event: object) -> str:
    return "INFO"


def _debug_if_well(event: events.InitRuntimeDone | events.RuntimeDone) -> str:
    return "DEBUG" if event.status == events.SUCCESS else "WARN"


def _info_if_well(event: events.Report) -> str:
    return "INFO" if event.status == events.SUCCESS else "WARN"


def _init_report_level(event: events.InitReport) -> str:
    if event.status != events.SUCCESS:
        return "WARN"
    return "DEBUG" if event.initialization_type == "on-demand" else "INFO"


def _init_start(event: events.InitStart) -> Record:
    return {
        "initializationType": event.initialization_type,
        "phase": "init",
        "runtimeVersion": event.runtime_version,
        "runtimeVersionArn": event.runtime_version_arn,
        "functionName": event.function_name,
        "functionVersion": event.function_version,
        "instanceId": event.instance_id,
        "instanceMaxMemory": event.memory_mb << 20,
    }


def _init_runtime_done(event: events.InitRuntimeDone) -> Record:
    kind = {"initializationType": event.initialization_type, "phase": event.phase}
    return {**kind, **_status(event)}


def _init_report(event: events.InitReport) -> Record:
    kind = {"initializationType": event.initialization_type, "phase": event.phase}
    return {**kind, **_status(event), "metrics": {"durationMs": round(event.duration_ms, DIGITS)}}


def _extension(event: events.ExtensionReady) -> Record:
    return {"name": event.name, "state": "Ready", "events": list(event.events)}


def _start(event: events.Start) -> Record:
    return {"requestId": event.request_id, "version": event.version}


def _runtime_done(event: events.RuntimeDone) -> Record:
    metrics = {"durationMs": round(event.duration_ms, DIGITS), "producedBytes": event.produced_bytes}
    return {"requestId": event.request_id, **_status(event), "metrics": metrics}


def _report(event: events.Report) -> Record:
    metrics: Record = {
        "durationMs": round(event.duration_ms, DIGITS),
        "billedDurationMs": billed_ms(event.duration_ms, event.init_ms, digits=DIGITS),
        "memorySizeMB": event.memory_mb,
        "maxMemoryUsedMB": event.max_memory_mb,
    }
    if event.init_ms is not None:
        metrics["initDurationMs"] = round(event.init_ms, DIGITS)
    return {"requestId": event.request_id, "metrics": metrics, **_status(event)}


def _status(event: events.InitRuntimeDone | events.InitReport | events.RuntimeDone | events.Report) -> Record:
    return {"status": event.status} | ({"errorType": event.error_type} if event.error_type else {})


FORMS: dict[type, Form] = {
    events.InitStart: Form("platform.initStart", _info, _init_start),
    events.InitRuntimeDone: Form("platform.initRuntimeDone", _debug_if_well, _init_runtime_done),
    events.InitReport: Form("platform.initReport", _init_report_level, _init_report),
    events.ExtensionReady: Form("platform.extension", _info, _extension),
    events.Start: Form("platform.start", _info, _start),
    events.RuntimeDone: Form("platform.runtimeDone", _debug_if_well, _runtime_done),
    events.Report: Form("platform.report", _info_if_well, _report),
}
