"""The log of one environment: what the function writes and what Lambda says, until it goes into the stream.

A function's LoggingConfig chooses the format. Text writes everything. JSON writes Lambda's own events as JSON
and leaves out what is below the levels that the function asks for; what the function prints stays as it is.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from labsupport.localcloud.lambda_service import platform_json, platform_lines
from labsupport.localcloud.lambda_service.function import Function, LogEvent, LoggingConfig
from labsupport.localcloud.lambda_service.log_levels import at_least, output_level
from labsupport.localcloud.lambda_service.platform_events import PlatformEvent

# CloudWatch Logs takes 1 MiB at once, of which it counts 26 bytes for the event around the message.
MAX_MESSAGE_BYTES = (1 << 20) - 26

LogWriter = Callable[[Function, str, Sequence[LogEvent]], None]


class LogFormat(NamedTuple):
    """One of Lambda's log formats.

    Attributes:
        render: returns a platform event as it is written, or None.
        line_end: ends a platform event.
        wants: tells whether an event of the function's own is written.
    """

    render: Callable[[PlatformEvent, LoggingConfig, int], str | None]
    line_end: str
    wants: Callable[[LogEvent, LoggingConfig], bool]


FORMATS = {
    "Text": LogFormat(platform_lines.render, "\n", lambda event, logging: True),
    "JSON": LogFormat(
        platform_json.render,
        "",
        lambda event, logging: at_least(output_level(event), logging.application_log_level),
    ),
}


class FunctionLog:
    """Gather one environment's events and write them into its log stream. Used from the event loop."""

    def __init__(self, function: Function, stream: str, write: LogWriter) -> None:
        """Write with `write` into `stream`."""
        self._function, self._stream, self._write = function, stream, write
        self._format = FORMATS[function.logging.log_format]
        self._events: list[LogEvent] = []

    def add_output(self, event: LogEvent) -> None:
        """Take what the function has written; its events end with a line end."""
        if self._format.wants(event, self._function.logging):
            self._events.append(LogEvent(event.timestamp_ms, event.message + "\n"))

    def add_platform(self, event: PlatformEvent) -> None:
        """Take what Lambda itself says, now."""
        now_ms = int(time.time() * 1000)
        message = self._format.render(event, self._function.logging, now_ms)
        if message is not None:
            self._events.append(LogEvent(now_ms, message + self._format.line_end))

    def flush(self) -> str:
        """Write what was gathered, and return it as text."""
        events, self._events[:] = list(self._events), []
        if events:
            self._write(self._function, self._stream, [part for event in events for part in _parts(event)])
        return "".join(_as_line(event.message) for event in events)


def _parts(event: LogEvent) -> Iterator[LogEvent]:
    """Yield an event in parts that CloudWatch Logs takes: no byte of a larger one is lost."""
    if len(event.message) * 4 <= MAX_MESSAGE_BYTES:  # a character has four bytes at most
        yield event
        return
    rest = event.message.encode()
    while rest:
        end = min(len(rest), MAX_MESSAGE_BYTES)
        while end < len(rest) and rest[end] & 0xC0 == 0x80:  # not within a character
            end -= 1
        yield LogEvent(event.timestamp_ms, rest[:end].decode())
        rest = rest[end:]


def _as_line(message: str) -> str:
    return message if message.endswith("\n") else message + "\n"
