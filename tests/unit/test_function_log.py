"""What of an environment's output goes into its log stream, and in which pieces."""

from __future__ import annotations

import json
from collections.abc import Sequence

from labsupport.localcloud.lambda_service.function import Function, LogEvent, LoggingConfig
from labsupport.localcloud.lambda_service.function_log import MAX_MESSAGE_BYTES, FunctionLog
from labsupport.localcloud.lambda_service.platform_events import Start
from tests.conformance.conftest import make_function


class Stream:
    """A log of its own, and what it wrote."""

    def __init__(self, **logging: str) -> None:
        self.written: list[LogEvent] = []
        self.log = FunctionLog(make_function(logging=LoggingConfig(**logging)), "stream", self.write)

    def write(self, _function: Function, _stream: str, events: Sequence[LogEvent]) -> None:
        self.written += events

    def messages(self) -> list[str]:
        return [event.message for event in self.written]


def test_text_is_written_as_it_is_whatever_its_level() -> None:
    stream = Stream(application_log_level="FATAL", system_log_level="WARN")
    stream.log.add_platform(Start("8f5", "1"))
    stream.log.add_output(LogEvent(1, "detail", "DEBUG"))
    tail = stream.log.flush()
    assert stream.messages() == ["START RequestId: 8f5 Version: 1\n", "detail\n"]
    assert tail == "".join(stream.messages())


def test_json_leaves_out_what_is_below_the_levels() -> None:
    stream = Stream(log_format="JSON", application_log_level="ERROR", system_log_level="WARN")
    stream.log.add_platform(Start("8f5", "1"))
    for level in ("INFO", "ERROR"):
        stream.log.add_output(LogEvent(1, level, level))
    stream.log.add_output(LogEvent(1, "printed"))
    stream.log.flush()
    assert stream.messages() == ["ERROR\n"]


def test_the_tail_has_one_json_event_a_line() -> None:
    stream = Stream(log_format="JSON")
    stream.log.add_platform(Start("8f5", "1"))
    stream.log.add_output(LogEvent(1, '{"message": "hello"}', "INFO"))
    stream.log.add_platform(Start("8f6", "1"))
    lines = stream.log.flush().splitlines()
    assert [json.loads(line).get("type") for line in lines] == ["platform.start", None, "platform.start"]
    assert json.loads(stream.messages()[0])["record"]["requestId"] == "8f5"


def test_an_events_time_is_the_one_in_it() -> None:
    stream = Stream(log_format="JSON")
    stream.log.add_platform(Start("8f5", "1"))
    stream.log.flush()
    (event,) = stream.written
    seconds, milliseconds = divmod(event.timestamp_ms, 1000)
    assert json.loads(event.message)["time"].endswith(f"{seconds % 60:02d}.{milliseconds:03d}Z")


def test_what_cloudwatch_would_refuse_is_written_in_parts_and_complete() -> None:
    stream = Stream()
    text = "ảnh mèo 🐈 " * 200_000
    stream.log.add_output(LogEvent(7, text))
    stream.log.add_output(LogEvent(8, "next"))
    stream.log.flush()
    *parts, last = stream.written
    assert len(parts) > 1 and last.message == "next\n"
    assert all(len(part.message.encode()) <= MAX_MESSAGE_BYTES for part in parts)
    assert "".join(part.message for part in parts) == text + "\n"
    assert {part.timestamp_ms for part in parts} == {7}
