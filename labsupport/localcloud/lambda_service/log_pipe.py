"""The pipe through which an environment's output becomes log events.

stdout, stderr and the telemetry descriptor of AWS's runtime client are one pipe, so that events keep the
order in which they were written. The runtime client frames what it logs (so that a record of several
lines stays one event); everything else is plain text, one event a line.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable

from labsupport.localcloud.lambda_service.function import LogEvent
from labsupport.localcloud.lambda_service.log_levels import LEVELS

# A frame: 0xa55a00, one byte of level and format, 4 bytes of length, 8 bytes of microseconds, the text.
# AWS's awslambdaric, bootstrap.py: FramedTelemetryLogSink; lambda_runtime_log_utils.py: the levels.
FRAME_START = b"\xa5\x5a\x00"
FRAME_HEADER_BYTES = 16
FRAME_LEVELS = (None, *LEVELS)
_F_SETPIPE_SZ = 1031
_PIPE_BYTES = 1 << 20


class LogPipe:
    """Read what an environment writes and hand over events."""

    def __init__(self, emit: Callable[[LogEvent], None]) -> None:
        """Make the pipe. `write_fd` goes to the child as stdout, stderr and telemetry descriptor."""
        self.read_fd, self.write_fd = os.pipe()
        os.set_blocking(self.read_fd, False)
        with contextlib.suppress(OSError):  # macOS, or a user's pipe quota: the usual 64 KB will do
            fcntl.fcntl(self.write_fd, _F_SETPIPE_SZ, _PIPE_BYTES)
        self._emit = emit
        self._pending = b""
        self._parsed: list[LogEvent] = []

    def drain(self) -> bool:
        """Turn everything that was written so far into events. Returns False once all writers are gone."""
        while True:
            try:
                chunk = os.read(self.read_fd, 1 << 16)
            except BlockingIOError:
                return True
            if not chunk:
                self.flush()
                return False
            self._pending += chunk
            self._parse()
            self._emit_parsed()

    def flush(self) -> None:
        """Make an event of text that has no line end, as at the end of an invocation."""
        self._parse()
        if self._pending:
            self._text(self._pending)
            self._pending = b""
        self._emit_parsed()

    def close(self) -> None:
        """Close our end."""
        os.close(self.read_fd)

    def _parse(self) -> None:
        while self._pending:
            frame = self._pending.find(FRAME_START)
            if frame == 0:
                header = self._pending[:FRAME_HEADER_BYTES]
                length = FRAME_HEADER_BYTES + int.from_bytes(header[4:8], "big")
                if len(header) < FRAME_HEADER_BYTES or len(self._pending) < length:
                    return
                text = self._pending[FRAME_HEADER_BYTES:length].decode("utf-8", "replace").removesuffix("\n")
                time_ms = int.from_bytes(header[8:16], "big") // 1000
                self._parsed.append(LogEvent(time_ms, text, _level(header)))
                self._pending = self._pending[length:]
                continue
            line_end = self._pending.find(b"\n")
            if frame > 0 and not 0 <= line_end < frame:  # text without a line end, then a frame
                self._text(self._pending[:frame])
                self._pending = self._pending[frame:]
            elif line_end >= 0:
                self._text(self._pending[:line_end])
                self._pending = self._pending[line_end + 1 :]
            else:
                return

    def _text(self, line: bytes) -> None:
        # Lambda's own convention: a carriage return keeps several lines in one event.
        text = line.decode("utf-8", "replace").replace("\r", "\n")
        self._parsed.append(LogEvent(int(time.time() * 1000), text))

    def _emit_parsed(self) -> None:
        """Hand over what was parsed, with times that never go backwards.

        A frame says when it was written. A line of text doesn't: its time is when we read it, which may be
        later than that of the frame behind it.
        """
        latest_ms = int(time.time() * 1000)
        for position in range(len(self._parsed) - 1, -1, -1):
            event = self._parsed[position]
            latest_ms = min(latest_ms, event.timestamp_ms)
            self._parsed[position] = event._replace(timestamp_ms=latest_ms)
        for event in self._parsed:
            self._emit(event)
        self._parsed.clear()


def _level(header: bytes) -> str | None:
    """Return the level that a frame's fourth byte carries above its two bits of format, or None."""
    number = header[3] >> 2
    return FRAME_LEVELS[number] if number < len(FRAME_LEVELS) else None
