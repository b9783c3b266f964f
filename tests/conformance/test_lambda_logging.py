"""Log formats, log levels and log groups, asked of execution environments and through boto3.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.localcloud.lambda_service.function import Function, LogEvent, LoggingConfig
from labsupport.waiting import wait_until
from tests.conformance.conftest import Bench, archive, make_function
from tests.conformance.test_lambda_extensions import extension_layer

SPEAK = """
    import logging, os
    logger = logging.getLogger("shop")
    def handler(event, context):
        print("printed")
        for level in ("debug", "info", "warning", "error", "critical"):
            getattr(logger, level)("at %s", level)
        return [os.environ.get("AWS_LAMBDA_LOG_FORMAT"), os.environ.get("AWS_LAMBDA_LOG_LEVEL")]
"""
LOGS_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
}


def json_function(
    source: str = SPEAK, *, application: str = "INFO", system: str = "INFO", **changes: Any
) -> Function:
    return make_function(source, logging=LoggingConfig("JSON", application, system), **changes)


def records(events: list[str]) -> list[dict[str, Any]]:
    """Return the events that are JSON."""
    return [json.loads(event) for event in events if event.startswith("{")]


def types(bench: Bench) -> list[str]:
    return [record["type"] for record in records(bench.messages()) if "type" in record]


def only(bench: Bench, event_type: str) -> dict[str, Any]:
    (found,) = [record for record in records(bench.messages()) if record.get("type") == event_type]
    return dict(found["record"])


def spoken(bench: Bench) -> list[str]:
    return [record["message"] for record in records(bench.messages()) if "message" in record]


# What Lambda itself writes


def test_an_invocation_is_told_in_awss_events(any_bench: Bench) -> None:
    any_bench.invoke(json_function(system="DEBUG"))
    assert types(any_bench) == [
        "platform.initStart",
        "platform.initRuntimeDone",
        "platform.initReport",
        "platform.start",
        "platform.runtimeDone",
        "platform.report",
    ]


def test_info_is_the_default_and_leaves_the_details_out(bench: Bench) -> None:
    bench.invoke(json_function())
    assert types(bench) == ["platform.initStart", "platform.start", "platform.report"]


def test_at_warn_nothing_is_said_of_what_went_well(bench: Bench) -> None:
    function = json_function(system="WARN")
    assert bench.invoke(function).error is None
    assert types(bench) == []
    bench.invoke(json_function("import sys\ndef handler(e, c):\n    sys.exit(3)\n", system="WARN"))
    assert types(bench) == ["platform.runtimeDone", "platform.report"]


def test_a_report_sums_up_what_the_text_says_too(bench: Bench) -> None:
    function = json_function()
    bench.invoke(function)
    report = only(bench, "platform.report")
    metrics = report["metrics"]
    assert report["status"] == "success" and re.fullmatch(r"[0-9a-f-]{36}", report["requestId"])
    assert set(metrics) == {
        "durationMs",
        "billedDurationMs",
        "memorySizeMB",
        "maxMemoryUsedMB",
        "initDurationMs",
    }
    assert 0 <= metrics["billedDurationMs"] - (metrics["durationMs"] + metrics["initDurationMs"]) < 1
    assert metrics["memorySizeMB"] == 128 and 5 < metrics["maxMemoryUsedMB"] < 128
    bench.invoke(function)
    warm = [r for r in records(bench.messages()) if r.get("type") == "platform.report"][1]
    assert "initDurationMs" not in warm["record"]["metrics"]


def test_runtime_done_counts_the_answers_bytes(bench: Bench) -> None:
    bench.invoke(json_function("def handler(e, c):\n    return 'x' * 98\n", system="DEBUG"))
    done = only(bench, "platform.runtimeDone")
    assert done["metrics"]["producedBytes"] == 100
    assert 0 < done["metrics"]["durationMs"] <= only(bench, "platform.report")["metrics"]["durationMs"]


def test_init_start_names_runtime_function_and_environment(bench: Bench) -> None:
    function = json_function()
    bench.invoke(function)
    start = only(bench, "platform.initStart")
    assert start["functionName"] == function.name and start["functionVersion"] == "$LATEST"
    assert start["runtimeVersion"].startswith("python:") and start["runtimeVersionArn"].startswith("arn:aws")
    assert start["instanceId"] in bench.streams
    assert (start["initializationType"], start["phase"]) == ("on-demand", "init")


@pytest.mark.parametrize(
    ("source", "status", "error_type"),
    [
        ("import time\ndef handler(e, c):\n    time.sleep(60)\n", "timeout", None),
        ("import sys\ndef handler(e, c):\n    sys.exit(3)\n", "error", "Runtime.ExitError"),
        (
            "x = []\ndef handler(e, c):\n    while True: x.append('x' * 1000000)\n",
            "error",
            "Runtime.OutOfMemory",
        ),
    ],
    ids=["timeout", "exit", "out of memory"],
)
def test_a_failed_invocation_has_its_status(
    bench: Bench, source: str, status: str, error_type: str | None
) -> None:
    bench.invoke(json_function(source, timeout_seconds=2))
    for event_type in ("platform.runtimeDone", "platform.report"):
        record = only(bench, event_type)
        assert (record["status"], record.get("errorType")) == (status, error_type)
    assert not [line for line in bench.messages() if "Task timed out" in line]


def test_a_failed_init_is_reported_in_both_phases(bench: Bench) -> None:
    bench.invoke(json_function("import nothing_of_this_name"))
    reports = [r["record"] for r in records(bench.messages()) if r.get("type") == "platform.initReport"]
    assert [report["phase"] for report in reports] == ["init", "invoke"]
    assert {report["errorType"] for report in reports} == {"Runtime.ImportModuleError"}
    assert all(report["metrics"]["durationMs"] > 0 for report in reports)


def test_an_extension_is_named_when_it_is_ready(bench: Bench) -> None:
    layer = extension_layer(notes='me = register("INVOKE")\nwhile True:\n    next_event(me)\n')
    bench.invoke(json_function(layers=(layer,)))
    assert only(bench, "platform.extension") == {"name": "notes", "state": "Ready", "events": ["INVOKE"]}


def test_provisioned_environments_report_their_init_at_info(bench: Bench) -> None:
    bench.service.provision(json_function(), 1)
    wait_until(lambda: "platform.initReport" in types(bench), doing="waiting for the Init phase")
    report = only(bench, "platform.initReport")
    assert (report["initializationType"], report["status"]) == ("provisioned-concurrency", "success")


def test_times_are_the_events_own(bench: Bench) -> None:
    bench.invoke(json_function(system="DEBUG"))
    (events,) = bench.streams.values()
    assert [event.timestamp_ms for event in events] == sorted(event.timestamp_ms for event in events)
    for event in events:
        if '"type"' in event.message:
            assert json.loads(event.message)["time"].endswith(f".{event.timestamp_ms % 1000:03d}Z")


# What the function writes


def test_application_logs_are_objects_and_print_stays_text(any_bench: Bench) -> None:
    function = json_function()
    result = any_bench.invoke(function)
    assert json.loads(result.payload) == ["JSON", "INFO"]
    record = next(r for r in records(any_bench.messages()) if r.get("message") == "at info")
    assert {"timestamp", "level", "message", "logger", "requestId"} == set(record)
    assert (record["level"], record["logger"]) == ("INFO", "shop")
    assert record["requestId"] in result.log_tail
    assert "printed\n" in any_bench.messages()


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("TRACE", ["debug", "info", "warning", "error", "critical"]),
        ("DEBUG", ["debug", "info", "warning", "error", "critical"]),
        ("INFO", ["info", "warning", "error", "critical"]),
        ("WARN", ["warning", "error", "critical"]),
        ("ERROR", ["error", "critical"]),
        ("FATAL", ["critical"]),
    ],
)
def test_the_application_log_level_reaches_the_runtime(bench: Bench, level: str, expected: list[str]) -> None:
    result = bench.invoke(json_function(application=level))
    assert json.loads(result.payload) == ["JSON", level]
    assert spoken(bench) == [f"at {name}" for name in expected]
    # Output without a level counts as INFO.
    assert ("printed\n" in bench.messages()) == (level in ("TRACE", "DEBUG", "INFO"))


def test_a_level_that_the_code_sets_itself_cannot_undercut_the_functions(bench: Bench) -> None:
    source = """
        import logging
        def handler(event, context):
            logging.getLogger().setLevel("DEBUG")
            logging.debug("detail")
            logging.error("trouble")
    """
    bench.invoke(json_function(source, application="ERROR"))
    assert spoken(bench) == ["trouble"]


def test_printed_json_is_filtered_by_the_level_in_it(bench: Bench) -> None:
    source = """
        import json
        def handler(event, context):
            for level in ("debug", "error"):
                print(json.dumps({"level": level, "message": level, "timestamp": "2024-11-02T16:51:31Z"}))
    """
    bench.invoke(json_function(source, application="WARN"))
    assert spoken(bench) == ["error"]


def test_an_exceptions_record_is_one_object_with_its_stack_trace(bench: Bench) -> None:
    bench.invoke(json_function("def handler(e, c):\n    {}['customer']\n"))
    (record,) = [r for r in records(bench.messages()) if "errorType" in r]
    assert (record["level"], record["errorType"], record["errorMessage"]) == (
        "ERROR",
        "KeyError",
        "'customer'",
    )
    assert "line 2, in handler" in record["stackTrace"][0]
    assert only(bench, "platform.report")["status"] == "success", "the runtime has done its work"


def test_text_has_no_levels(bench: Bench) -> None:
    function = make_function(SPEAK, logging=LoggingConfig("Text", "FATAL", "WARN"))
    result = bench.invoke(function)
    assert json.loads(result.payload) == ["Text", None]
    said = [line.split("\t")[-1].strip() for line in bench.messages() if line.startswith("[")]
    assert said == ["at warning", "at error", "at critical"]
    assert bench.messages()[0].startswith("INIT_START ")
    assert not records(bench.messages())


# How much


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_ten_thousand_lines_are_all_there(bench: Bench, log_format: str) -> None:
    source = """
        import logging
        logging.getLogger().setLevel("INFO")
        def handler(event, context):
            for number in range(5000):
                print("line", number)
                logging.info("line %d", number)
    """
    function = make_function(source, logging=LoggingConfig(log_format), timeout_seconds=60, memory_mb=1769)
    assert bench.invoke(function).error is None
    numbers = [int(n) for line in bench.messages() for n in re.findall(r"line (\d+)", line)]
    assert numbers == [number for number in range(5000) for _ in range(2)]


def test_a_line_too_long_for_cloudwatch_is_written_in_parts(bench: Bench) -> None:
    bench.invoke(make_function("def handler(e, c):\n    print('é' * 900_000)\n", timeout_seconds=30))
    parts = [event for event in _all(bench) if event.message.startswith("é")]
    assert [len(part.message.encode()) for part in parts] == [(1 << 20) - 26, 1_800_001 - (1 << 20) + 26]


def _all(bench: Bench) -> list[LogEvent]:
    return [event for events in bench.streams.values() for event in events]


# Through boto3


def deploy(lab: Lab, source: str = SPEAK, log_format: str = "Text") -> str:
    """Deploy a function; returns its name."""
    role, code = lab.deploy_role("speaker", policy=LOGS_POLICY), archive(app=source)
    lab.deploy_function("speaker", code=code, handler="app.handler", role_arn=role, log_format=log_format)
    return lab.name("speaker")


def configure(lab: Lab, logging: dict[str, str]) -> dict[str, str]:
    client, name = lab.client("lambda"), lab.name("speaker")
    answer = client.update_function_configuration(FunctionName=name, LoggingConfig=logging)
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    return dict(answer["LoggingConfig"])


@pytest.mark.functional
def test_defaults_are_awss(lab: Lab) -> None:
    name = deploy(lab)
    group = f"/aws/lambda/{name}"
    found = lab.client("lambda").get_function_configuration(FunctionName=name)["LoggingConfig"]
    assert found == {"LogFormat": "Text", "LogGroup": group}
    levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    assert configure(lab, {"LogFormat": "JSON"}) == {"LogFormat": "JSON", **levels, "LogGroup": group}
    assert configure(lab, {"LogFormat": "Text"}) == {"LogFormat": "Text", "LogGroup": group}


@pytest.mark.functional
@pytest.mark.parametrize("level", ["ApplicationLogLevel", "SystemLogLevel"])
@pytest.mark.parametrize("log_format", [{}, {"LogFormat": "Text"}], ids=["by default", "asked for"])
def test_a_level_without_json_is_refused(lab: Lab, level: str, log_format: dict[str, str]) -> None:
    name = deploy(lab)
    role = lab.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    with pytest.raises(ClientError) as updating:
        configure(lab, {level: "WARN", **log_format})
    with pytest.raises(ClientError) as creating:
        lab.client("lambda").create_function(
            FunctionName=lab.name("other"),
            Role=role,
            Code={"ZipFile": archive(app="")},
            Handler="app.handler",
            Runtime="python3.12",
            LoggingConfig={level: "WARN", **log_format},
        )
    for caught in (updating, creating):
        error = caught.value.response["Error"]
        assert error["Code"] == "InvalidParameterValueException"
        assert 'LogLevel is not supported when LogFormat is set to "Text"' in error["Message"]


@pytest.mark.functional
def test_the_format_changes_with_the_next_environment_and_the_tail_follows(lab: Lab) -> None:
    name = deploy(lab)
    assert lab.invoke("speaker").log_lines[0].startswith("INIT_START")
    configure(lab, {"LogFormat": "JSON", "ApplicationLogLevel": "ERROR"})
    answer = lab.invoke("speaker")
    assert answer.result == ["JSON", "ERROR"]
    assert json.loads(answer.log_lines[0])["type"] == "platform.initStart"
    assert answer.report is not None and answer.cold
    assert lab.wait_for_report("speaker", request_id=answer.request_id) == answer.report
    found = lab.client("logs").filter_log_events(
        logGroupName=f"/aws/lambda/{name}", filterPattern='"platform.report"'
    )
    assert len(found["events"]) == 1


@pytest.mark.functional
@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_the_tail_is_the_last_four_kilobytes(lab: Lab, log_format: str) -> None:
    source = "def handler(e, c):\n    for n in range(2000):\n        print('line', n)\n"
    name = deploy(lab, source, log_format)
    answer = lab.client("lambda").invoke(FunctionName=name, LogType="Tail")
    tail = base64.b64decode(answer["LogResult"])
    assert len(tail) == 4096
    assert ("platform.report" if log_format == "JSON" else "REPORT") in tail.decode().splitlines()[-1]
    assert "LogResult" not in lab.client("lambda").invoke(FunctionName=name)


@pytest.mark.functional
def test_a_log_group_of_ones_own_gets_the_events_in_streams_that_name_the_function(lab: Lab) -> None:
    group = f"/lab-{lab.owner}/shop"
    name = deploy(lab, log_format="JSON")
    assert configure(lab, {"LogGroup": group})["LogFormat"] == "JSON", "what is not named stays"
    lab.invoke("speaker")
    client = lab.client("logs")
    try:
        (stream,) = client.describe_log_streams(logGroupName=group)["logStreams"]
        pattern = rf"\d{{4}}/\d\d/\d\d/{name}\[\$LATEST\][0-9a-f]{{32}}"
        assert re.fullmatch(pattern, stream["logStreamName"])
        events = client.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
        assert {"timestamp", "message", "ingestionTime"} <= set(events[0])
        assert any("platform.report" in event["message"] for event in events)
        default = client.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
        assert default == []
    finally:
        client.delete_log_group(logGroupName=group)


@pytest.mark.functional
def test_a_log_group_named_like_awss_own_is_never_made(lab: Lab) -> None:
    group = f"aws/{lab.owner}"
    deploy(lab)
    configure(lab, {"LogGroup": group})
    assert "printed" in lab.invoke("speaker").log_lines
    assert lab.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
