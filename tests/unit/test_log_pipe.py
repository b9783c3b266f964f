"""Bytes in, log events out."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from labsupport.localcloud.lambda_service.function import LogEvent
from labsupport.localcloud.lambda_service.log_pipe import LogPipe


def frame(text: str, microseconds: int = 1_000_000) -> bytes:
    data = text.encode()
    return b"\xa5\x5a\x00\x03" + len(data).to_bytes(4, "big") + microseconds.to_bytes(8, "big") + data


class Reader:
    def __init__(self) -> None:
        self.events: list[LogEvent] = []
        self.pipe = LogPipe(self.events.append)

    def write(self, *chunks: bytes) -> list[str]:
        for chunk in chunks:
            os.write(self.pipe.write_fd, chunk)
            self.pipe.drain()
        return [event.message for event in self.events]


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    os.close(reader.pipe.write_fd)
    assert reader.pipe.drain() is False  # the last writer has gone
    reader.pipe.close()


def test_a_line_is_an_event(reader: Reader) -> None:
    assert reader.write(b"one\ntwo\n") == ["one", "two"]


def test_a_line_may_come_in_pieces(reader: Reader) -> None:
    assert reader.write(b"o", b"ne", b"\n") == ["one"]


def test_text_without_a_line_end_waits_for_flush(reader: Reader) -> None:
    assert reader.write(b"half") == []
    reader.pipe.flush()
    assert reader.events[0].message == "half"


def test_a_frame_keeps_its_lines_and_its_time(reader: Reader) -> None:
    assert reader.write(frame("one\ntwo\n", microseconds=7_000_123)) == ["one\ntwo"]
    assert reader.events[0].timestamp_ms == 7_000


def test_a_frame_may_come_byte_by_byte(reader: Reader) -> None:
    assert reader.write(*(bytes([b]) for b in frame("ảnh mèo\n"))) == ["ảnh mèo"]


def test_text_and_frames_keep_their_order(reader: Reader) -> None:
    assert reader.write(b"a\nb" + frame("c") + b"d\n" + frame("e")) == ["a", "b", "c", "d", "e"]


def test_a_carriage_return_keeps_lines_together(reader: Reader) -> None:
    assert reader.write(b"one\rtwo\n") == ["one\ntwo"]


def test_bytes_that_are_no_text_do_no_harm(reader: Reader) -> None:
    assert reader.write(b"\xff\xfe\n") == ["\ufffd\ufffd"]


def test_times_never_go_backwards(reader: Reader) -> None:
    reader.write(b"printed before\n" + frame("logged after", microseconds=5_000_000))
    assert [event.timestamp_ms for event in reader.events] == [5_000, 5_000]


@pytest.mark.parametrize(
    ("kind", "level"),
    [
        (0x02, None),
        (0x03, None),
        (0x0A, "DEBUG"),
        (0x0E, "INFO"),
        (0x0F, "INFO"),
        (0x12, "WARN"),
        (0x16, "ERROR"),
        (0x1A, "FATAL"),
        (0xFF, None),
    ],
)
def test_a_frame_tells_its_level(reader: Reader, kind: int, level: str | None) -> None:
    whole = frame("text")
    reader.write(whole[:3] + bytes([kind]) + whole[4:], b"printed\n")
    assert [event.level for event in reader.events] == [level, None]
