import base64
from datetime import UTC, datetime

import pytest

from labsupport.logs import LogEvent, LogEvents, Report, parse_report, parse_tail

COLD = (
    "REPORT RequestId: 8f5\tDuration: 250.06 ms\tBilled Duration: 351 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 56 MB\tInit Duration: 100.77 ms\t"
)


def test_a_cold_start_has_an_init_duration() -> None:
    assert parse_report(COLD) == Report("8f5", 250.06, 351, 128, 56, init_ms=100.77)


def test_a_warm_start_has_none() -> None:
    report = parse_report(COLD.replace("\tInit Duration: 100.77 ms", ""))
    assert report is not None
    assert report.init_ms is None


@pytest.mark.parametrize("trace", ["", "XRAY TraceId: 1-5f\tSegmentId: 7a\tSampled: true\t"])
@pytest.mark.parametrize("separator", ["\t", "  "])
def test_status_and_error_type_are_read_whatever_separates_the_fields(separator: str, trace: str) -> None:
    line = (COLD + trace + "Status: error\tError Type: Runtime.ExitError").replace("\t", separator)
    report = parse_report(line)
    assert report is not None
    assert (report.status, report.error_type) == ("error", "Runtime.ExitError")
    assert (report.billed_ms, report.memory_mb, report.init_ms) == (351, 128, 100.77)


JSON_COLD = (
    '{"time":"2026-10-08T07:30:29.470Z","type":"platform.report","record":{"requestId":"79b","metrics":'
    '{"durationMs":1233.96,"billedDurationMs":1698,"memorySizeMB":256,"maxMemoryUsedMB":123,'
    '"initDurationMs":463.512},"status":"success"}}'
)


def test_a_report_in_json_is_the_same_data() -> None:
    assert parse_report(JSON_COLD) == Report("79b", 1233.96, 1698, 256, 123, init_ms=463.512)


def test_a_warm_start_in_json_has_no_init_and_a_failure_has_its_status() -> None:
    warm = JSON_COLD.replace(',"initDurationMs":463.512', "")
    failed = warm.replace('"status":"success"', '"status":"error","errorType":"Runtime.ExitError"')
    report = parse_report(failed)
    assert report is not None
    assert (report.init_ms, report.status, report.error_type) == (None, "error", "Runtime.ExitError")


@pytest.mark.parametrize(
    "line",
    [
        JSON_COLD[5:],
        JSON_COLD[:-5],
        JSON_COLD.replace("platform.report", "platform.start"),
        '{"type": "order", "record": {}}',
        '{"message": "hello"}',
    ],
)
def test_other_json_is_no_report(line: str) -> None:
    assert parse_report(line) is None


def test_an_event_of_lambdas_own_has_a_type_and_a_record() -> None:
    event = LogEvent(0, "stream", '{"time":"t","type":"platform.initStart","record":{"phase":"init"}}')
    assert event.platform == ("platform.initStart", {"phase": "init"})
    assert LogEvent(0, "stream", '{"level": "INFO", "message": "hello"}').platform is None


@pytest.mark.parametrize(
    "line", ["", "START RequestId: 8f5 Version: $LATEST", "a REPORT RequestId: 8f5", "REPORT"]
)
def test_other_lines_are_no_report(line: str) -> None:
    assert parse_report(line) is None


def test_the_tail_is_decoded_even_where_its_first_character_is_cut() -> None:
    cut = "ảnh.jpg\nEND".encode()[2:]
    assert parse_tail(base64.b64encode(cut).decode())[-1] == "END"


def test_a_log_event_shows_its_time_in_utc_and_its_message() -> None:
    event = LogEvent(1_795_309_133_868, "stream", "hello")
    assert event.time == datetime.fromtimestamp(1_795_309_133.868, UTC)
    assert str(event).endswith(".868  hello")


def test_the_environment_of_a_request_is_its_whole_stream():
    events = LogEvents(
        [
            LogEvent(1, "a", "INIT_START"),
            LogEvent(2, "b", "INIT_START"),
            LogEvent(3, "a", "START RequestId: one Version: $LATEST"),
            LogEvent(4, "b", "START RequestId: two Version: $LATEST"),
        ]
    )
    assert events.of_environment("one") == [events[0], events[2]]
    assert events.of_environment("three") == []
