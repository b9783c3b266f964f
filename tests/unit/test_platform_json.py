"""Lambda's own events in the log format JSON, against AWS's Telemetry API schema and level table.

https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from labsupport.localcloud.lambda_service import platform_events as events
from labsupport.localcloud.lambda_service import platform_json
from labsupport.localcloud.lambda_service.function import LoggingConfig

NOW_MS = 1_795_309_133_868
ON_DEMAND, PROVISIONED = "on-demand", "provisioned-concurrency"
INIT_START = events.InitStart(ON_DEMAND, "python:3.12.v18", "arn", "hello", "$LATEST", "stream", 256)


def rendered(event: events.PlatformEvent, level: str = "DEBUG") -> dict[str, Any] | None:
    text = platform_json.render(event, LoggingConfig("JSON", system_log_level=level), NOW_MS)
    return None if text is None else json.loads(text)


def test_an_event_has_its_time_its_type_and_its_record() -> None:
    text = platform_json.render(events.Start("8f5", "$LATEST"), LoggingConfig("JSON"), NOW_MS)
    assert text == (
        '{"time":"2026-11-22T00:58:53.868Z","type":"platform.start",'
        '"record":{"requestId":"8f5","version":"$LATEST"}}'
    )


@pytest.mark.parametrize(
    ("event", "event_type", "record"),
    [
        (
            INIT_START,
            "platform.initStart",
            {
                "initializationType": "on-demand",
                "phase": "init",
                "runtimeVersion": "python:3.12.v18",
                "runtimeVersionArn": "arn",
                "functionName": "hello",
                "functionVersion": "$LATEST",
                "instanceId": "stream",
                "instanceMaxMemory": 268_435_456,
            },
        ),
        (
            events.InitRuntimeDone(ON_DEMAND, "init"),
            "platform.initRuntimeDone",
            {"initializationType": "on-demand", "phase": "init", "status": "success"},
        ),
        (
            events.InitReport(PROVISIONED, "invoke", 125.3301, "error", "Runtime.ExitError"),
            "platform.initReport",
            {
                "initializationType": "provisioned-concurrency",
                "phase": "invoke",
                "status": "error",
                "errorType": "Runtime.ExitError",
                "metrics": {"durationMs": 125.33},
            },
        ),
        (
            events.ExtensionReady("spy", ["INVOKE", "SHUTDOWN"]),
            "platform.extension",
            {"name": "spy", "state": "Ready", "events": ["INVOKE", "SHUTDOWN"]},
        ),
        (
            events.RuntimeDone("8f5", 140.00049, 16),
            "platform.runtimeDone",
            {"requestId": "8f5", "status": "success", "metrics": {"durationMs": 140.0, "producedBytes": 16}},
        ),
        (
            events.Report("8f5", 693.92, 397.68, 128, 84),
            "platform.report",
            {
                "requestId": "8f5",
                "metrics": {
                    "durationMs": 693.92,
                    "billedDurationMs": 1092,
                    "memorySizeMB": 128,
                    "maxMemoryUsedMB": 84,
                    "initDurationMs": 397.68,
                },
                "status": "success",
            },
        ),
        (
            events.Report("8f5", 3000, None, 128, 84, "timeout"),
            "platform.report",
            {
                "requestId": "8f5",
                "metrics": {
                    "durationMs": 3000,
                    "billedDurationMs": 3000,
                    "memorySizeMB": 128,
                    "maxMemoryUsedMB": 84,
                },
                "status": "timeout",
            },
        ),
    ],
)
def test_a_record_has_awss_fields(
    event: events.PlatformEvent, event_type: str, record: dict[str, Any]
) -> None:
    whole = rendered(event)
    assert whole is not None
    assert (whole["type"], whole["record"]) == (event_type, record)


@pytest.mark.parametrize(
    ("event", "least"),
    [
        (INIT_START, "INFO"),
        (events.InitRuntimeDone(ON_DEMAND, "init"), "DEBUG"),
        (events.InitRuntimeDone(ON_DEMAND, "init", "timeout"), "WARN"),
        (events.InitReport(ON_DEMAND, "init", 1), "DEBUG"),
        (events.InitReport(PROVISIONED, "init", 1), "INFO"),
        (events.InitReport(ON_DEMAND, "init", 1, "error", "X"), "WARN"),
        (events.InitReport(PROVISIONED, "init", 1, "error", "X"), "WARN"),
        (events.ExtensionReady("spy", []), "INFO"),
        (events.Start("x", "1"), "INFO"),
        (events.RuntimeDone("x", 1, 1), "DEBUG"),
        (events.RuntimeDone("x", 1, 0, "error", "X"), "WARN"),
        (events.Report("x", 1, None, 128, 40), "INFO"),
        (events.Report("x", 1, None, 128, 40, "timeout"), "WARN"),
    ],
)
def test_an_event_is_written_from_its_level_on(event: events.PlatformEvent, least: str) -> None:
    levels = ["DEBUG", "INFO", "WARN"]
    written = [level for level in levels if rendered(event, level) is not None]
    assert written == levels[: levels.index(least) + 1]


@pytest.mark.parametrize("event", [events.TimedOut("x", 3), events.RuntimeFailed("gone", "X")])
def test_what_only_text_says_is_no_event(event: events.PlatformEvent) -> None:
    assert rendered(event) is None
