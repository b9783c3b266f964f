"""Lives of execution environments: read from log events, and drawn."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest

from labsupport.environment_life import EnvironmentLife, Kind, Span
from labsupport.logs import LogEvent
from labsupport.timeline import read_lives
from labsupport.views.timeline import Scale, duration, timeline


def report(request_id: str, duration_ms: float, *, init_ms: float | None = None, problem: str = "") -> str:
    init = f"Init Duration: {init_ms} ms\t" if init_ms is not None else ""
    return (
        f"REPORT RequestId: {request_id}\tDuration: {duration_ms} ms\tBilled Duration: 1 ms\t"
        f"Memory Size: 128 MB\tMax Memory Used: 30 MB\t{init}{problem}"
    )


def start(request_id: str) -> str:
    return f"START RequestId: {request_id} Version: $LATEST"


def log(stream: str, *entries: tuple[int, str]) -> list[LogEvent]:
    return [LogEvent(moment, stream, message) for moment, message in entries]


WARM = log(
    "a",
    (1000, "INIT_START Runtime Version: python:3.13"),
    (1100, start("one")),
    (1105, "hello"),
    (1110, report("one", 9.5, init_ms=98.5)),
    (5000, start("two")),
    (5020, report("two", 20)),
)
TIMEOUT = log(
    "b",
    (0, start("one")),
    (1001, "2026-01-01T00:00:01.001Z one Task timed out after 1.00 seconds"),
    (1001, report("one", 1000, problem="Status: timeout")),
    (2000, start("two")),
    (2090, report("two", 90)),
)


def spans(events: list[LogEvent]) -> list[tuple[Kind, float, float, str]]:
    [life] = read_lives(events)
    return [(span.kind, span.start_ms, span.end_ms, span.failed) for span in life.phases]


def test_a_warm_environment_has_one_init_and_two_invocations():
    assert spans(WARM) == [
        (Kind.INIT, 1000, 1098.5, ""),
        (Kind.INVOKE, 1100, 1109.5, ""),
        (Kind.INVOKE, 5000, 5020, ""),
    ]
    [life] = read_lives(WARM)
    assert life.lines_ms == (1105,), "only the function's own lines"
    assert [(wait.kind, wait.start_ms) for wait in life.waits] == [
        (Kind.FROZEN, 1098.5),
        (Kind.FROZEN, 1109.5),
    ]


def test_after_a_timeout_the_environment_is_reset_not_frozen():
    assert [failed for _, _, _, failed in spans(TIMEOUT)] == ["timeout", ""]
    [life] = read_lives(TIMEOUT)
    assert [wait.kind for wait in life.waits] == [Kind.RESET]


def test_after_an_exception_of_the_handler_it_is_frozen():
    failed = log("a", (0, start("one")), (1, "[ERROR] KeyError: 'x'\nTraceback ..."), (2, report("one", 2)))
    [life] = read_lives(failed + log("a", (50, start("two")), (51, report("two", 1))))
    assert [span.failed for span in life.phases] == ["error", ""]
    assert [wait.kind for wait in life.waits] == [Kind.FROZEN]


def test_an_invocation_begins_before_its_start_line_where_init_was_repeated_in_it():
    events = log("a", (11_000, start("one")), (11_005, report("one", 11_004)))
    assert spans(events) == [(Kind.INVOKE, 1, 11_005, "")]


def test_a_failed_init_is_told_by_its_own_line():
    line = "INIT_REPORT Init Duration: 10000.25 ms\tPhase: init\tStatus: timeout"
    assert spans(log("a", (7, "INIT_START x"), (10_008, line))) == [(Kind.INIT, 7, 10_007.25, "timeout")]


def test_the_repeated_init_inside_an_invocation_is_no_phase_of_its_own():
    problem = "Status: error\tError Type: Runtime.HandlerNotFound"
    line = f"INIT_REPORT Init Duration: 80.00 ms\tPhase: invoke\t{problem}"
    events = log("a", (80, line), (80, start("one")), (81, report("one", 81, problem=problem)))
    assert spans(events) == [(Kind.INVOKE, 0, 81, "Runtime.HandlerNotFound")]


def test_the_shutdown_phase_is_told_by_the_extension():
    end = ((9000, "[lifecycle] Shutdown phase begins: spindown"), (9050, "[lifecycle] Shutdown phase ends"))
    assert spans(WARM + log("a", *end))[-1] == (Kind.SHUTDOWN, 9000, 9050, "")


def test_environments_come_in_the_order_of_their_beginning():
    later = log("z", (500, start("x")), (501, report("x", 1)))
    assert [life.stream for life in read_lives([*WARM, *later, *TIMEOUT])] == ["b", "z", "a"]


def test_lines_without_a_beginning_are_no_environment():
    assert read_lives(log("a", (0, "hello"), (1, "[lifecycle] Shutdown phase ends"))) == []


# The picture


def life(*phases: tuple[Kind, float, float]) -> EnvironmentLife:
    return EnvironmentLife("stream", tuple(Span(*phase) for phase in phases))


@pytest.mark.parametrize(
    "phases",
    [
        [(Kind.INIT, 0, 60), (Kind.INVOKE, 60, 61), (Kind.INVOKE, 90_000, 90_001)],
        [(Kind.INIT, 0, 10_000), (Kind.INVOKE, 10_000, 10_001)],
        [(Kind.INVOKE, 5, 5.01)],
        [(Kind.INVOKE, i * 10, i * 10 + 1000) for i in range(40)],
        [(Kind.INVOKE, i * 10_000, i * 10_000 + 1) for i in range(5)],
    ],
    ids=["cold and warm", "slow init", "one of no length", "a burst", "far apart"],
)
def test_time_goes_to_the_right_and_every_bar_can_be_seen(phases):
    spans = [Span(*phase) for phase in phases]
    scale = Scale(spans)
    moments = sorted({moment for span in spans for moment in (span.start_ms, span.end_ms)})
    places = [scale.place(moment) for moment in moments]
    assert all(left < right for left, right in pairwise(places))
    assert places[0] >= 90 and places[-1] <= 590
    assert all(scale.place(span.end_ms) - scale.place(span.start_ms) > 5 for span in spans)


def test_bars_that_are_wide_enough_are_to_scale():
    scale = Scale([Span(Kind.INIT, 0, 100), Span(Kind.INVOKE, 100, 400), Span(Kind.INVOKE, 99_000, 99_200)])
    widths = [
        scale.place(end) - scale.place(start) for start, end in ((0, 100), (100, 400), (99_000, 99_200))
    ]
    assert widths[1] / widths[0] == pytest.approx(3)
    assert widths[2] / widths[0] == pytest.approx(2)
    assert scale.points_per_ms == pytest.approx(widths[0] / 100)
    assert scale.cuts == [(400, 99_000)]


def test_a_picture_says_in_words_what_it_shows():
    picture = timeline(read_lives(WARM))
    assert picture.alt == (
        "Environment 1: Init 98 ms, frozen 1.5 ms, Invoke 9.5 ms, frozen 3.89 s, Invoke 20 ms."
    )
    assert picture.data.startswith(b"\x89PNG")
    assert picture.data == timeline(read_lives(WARM)).data


def test_a_row_for_each_environment():
    def height(*lives: EnvironmentLife) -> int:
        return int(struct.unpack(">I", timeline(lives).data[20:24])[0])

    one = life((Kind.INIT, 0, 50), (Kind.INVOKE, 50, 100))
    assert height(one, one) - height(one) == height(one, one, one) - height(one, one) > 50


def test_nothing_to_draw_is_said():
    assert "No environment" in str(timeline([]).alt)


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0.4, "0.4 ms"), (61.4, "61 ms"), (1449, "1.45 s"), (150_000, "2 min")]
)
def test_a_duration_has_the_unit_that_suits_it(milliseconds, text):
    assert duration(milliseconds) == text
