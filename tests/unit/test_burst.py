"""Bursts as data and as a picture, without any call."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from labsupport.burst import Burst, BurstCall
from labsupport.load import burst_in_log
from labsupport.logs import LogEvent, LogEvents
from labsupport.views.burst_picture import _lanes, _rows, burst_picture
from labsupport.views.live_burst import LiveBurst


def ran(number: int, begin: float, end: float, environment: str = "", **more: Any) -> BurstCall:
    """Make a call that an environment ran from begin to end, by default one of its own."""
    init = more.get("init_seconds") or 0.0
    return BurstCall(
        number,
        called=begin,
        sent=begin,
        answered=end,
        environment=f"2026/11/24/[$LATEST]{environment or f'{number:04x}'}9876",
        duration_seconds=end - begin - init,
        **more,
    )


def refused(number: int, *moments: float) -> BurstCall:
    return BurstCall(number, sent=moments[-1] - 0.01, refusals=list(moments), reason="TheLimit")


def burst_of(*calls: BurstCall, seconds: float = 2.0, is_over: bool = True) -> Burst:
    burst = Burst(calls)
    burst.seconds, burst.is_over = seconds, is_over
    return burst


def colours(burst: Burst) -> dict[Any, int]:
    """Count the dots of each colour in a burst's picture."""
    image = Image.open(io.BytesIO(burst_picture(burst).data))
    return {colour: count for count, colour in image.getcolors(1 << 24) or []}


HATCH, CROSS = (0xFE, 0xF3, 0xC7), (0xB9, 0x1C, 0x1C)


# Data


def test_calls_are_grouped_by_their_environment_in_the_order_of_first_use() -> None:
    burst = burst_of(ran(0, 0, 1, "aaaa"), ran(1, 0.1, 1.1, "bbbb"), ran(2, 1.2, 2, "aaaa"))
    assert [[call.number for call in calls] for calls in burst.environments.values()] == [[0, 2], [1]]


@pytest.mark.parametrize(
    ("calls", "most"),
    [
        ([], 0),
        ([ran(0, 0, 1), ran(1, 0, 1), ran(2, 0, 1)], 3),
        ([ran(0, 0, 1), ran(1, 1, 2)], 1),
        ([ran(0, 0, 1), ran(1, 0.5, 1.5), ran(2, 1.2, 2)], 2),
        # On the way a call is in no environment.
        ([ran(0, 1, 1.4), BurstCall(1, sent=0.5, answered=3, environment="b", duration_seconds=0.9)], 1),
        # They failed, and can't tell their environments.
        ([BurstCall(each, sent=0, answered=1, duration_seconds=1, error_type="E") for each in (0, 1)], 2),
    ],
    ids=["none", "all at once", "one after the other", "overlapping", "on the way", "failed"],
)
def test_the_highest_concurrency_counts_environments_that_are_busy(calls: list[BurstCall], most: int) -> None:
    assert burst_of(*calls).most_at_once == most


def test_a_call_is_under_way_from_sending_to_an_answer_or_a_refusal() -> None:
    assert not BurstCall(0).is_under_way
    assert BurstCall(0, sent=0.1).is_under_way
    assert not BurstCall(0, sent=0.1, refusals=[0.2]).is_under_way
    assert BurstCall(0, sent=0.3, refusals=[0.2]).is_under_way, "it was sent again"
    assert not ran(0, 0, 1).is_under_way


def test_a_refused_call_is_lost_only_when_nobody_tries_again() -> None:
    going_on, over = (burst_of(refused(0, 0.1, 0.4), ran(1, 0, 1), is_over=over) for over in (False, True))
    assert going_on.refused == []
    assert [call.number for call in over.refused] == [0]
    assert over.refusals == [0.1, 0.4]


def test_the_wait_begins_with_the_call_and_the_bill_with_the_init_phase() -> None:
    late = ran(0, 2.0, 3.5, init_seconds=0.5)
    late.called = 0.5
    burst = burst_of(late)
    assert burst.slowest_seconds == 3.0
    assert burst.billed_seconds == 1.5
    assert (late.began, late.handler_began) == (2.0, 2.5)


def test_a_burst_is_summed_up_in_a_line() -> None:
    burst = burst_of(ran(0, 0, 1.5, init_seconds=0.5), ran(1, 0, 1), refused(2, 0.1), refused(3, 0.1, 0.5))
    assert repr(burst) == "4 calls: 2 answered by 2 environments, 1 cold start, 3 × 429, 2 given up"


def test_the_log_tells_of_invocations_that_nobody_waited_for() -> None:
    report = (
        "REPORT RequestId: {}\tDuration: {} ms\tBilled Duration: 1 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 9 MB"
    )
    events = LogEvents(
        [
            LogEvent(11_000, "[$LATEST]aaaa", "START RequestId: one Version: $LATEST"),
            LogEvent(12_000, "[$LATEST]aaaa", report.format("one", 500.0) + "\tInit Duration: 250.00 ms\t"),
            LogEvent(13_000, "[$LATEST]bbbb", report.format("two", 1000.0) + "\t"),
        ]
    )
    first, second = burst = burst_in_log(events)
    assert (first.sent, first.handler_began, first.answered) == (0.0, 0.25, 0.75)
    assert (second.sent, second.answered, second.init_seconds) == (0.75, 1.75, None)
    assert (burst.seconds, burst.is_over, burst.cold_starts) == (1.75, True, 1)
    assert burst_in_log(LogEvents()) == []


# Picture


def test_the_same_burst_gives_the_same_bytes() -> None:
    assert burst_picture(burst_of(ran(0, 0, 1))).data == burst_picture(burst_of(ran(0, 0, 1))).data
    assert burst_picture(burst_of(ran(0, 0, 1))).data != burst_picture(burst_of(ran(0, 0, 1.1))).data


def test_cold_starts_and_refusals_are_marked_and_nothing_else_is() -> None:
    marks = {HATCH, CROSS}
    assert colours(burst_of(ran(0, 0, 1))).keys() & marks == set()
    assert colours(burst_of(ran(0, 0, 1, init_seconds=0.4))).keys() & marks == {HATCH}
    assert colours(burst_of(ran(0, 0, 1), refused(1, 0.1))).keys() & marks == {CROSS}


def test_each_refusal_has_a_cross_of_its_own() -> None:
    one, two, three = (
        colours(burst_of(ran(0, 0, 1), *(refused(each, 0.5) for each in range(count))))[CROSS]
        for count in (1, 2, 3)
    )
    assert two - one > 80 and three - two > 80, "a cross has more than 80 dots, another digit has not"


def test_a_picture_says_in_words_what_it_shows() -> None:
    words = repr(burst_picture(burst_of(ran(0, 0, 1.5, "c0ffee", init_seconds=0.5), refused(1, 0.1))))
    assert "2 calls: 1 answered by 1 environment, 1 cold start, 1 × 429, 1 given up." in words
    assert "Environment c0ff: 0.00 to 1.50 s with 0.50 s of Init phase." in words


def test_handlers_that_fail_have_a_row_each() -> None:
    failed = [
        BurstCall(each, sent=0, answered=1, duration_seconds=1, error_type="KeyError") for each in (0, 1)
    ]
    assert len(_rows(burst_of(*failed))) == 2
    assert colours(burst_of(*failed))[CROSS], "their edges are red"


def test_crosses_lie_apart() -> None:
    assert list(_lanes([0.0, 0.0, 0.05, 0.2], 0.1)) == [[0.0, 0.2], [0.0], [0.05]]
    assert list(_lanes([], 0.1)) == []


def test_provisioned_environments_come_first() -> None:
    rows = _rows(burst_of(ran(0, 0, 1), ran(1, 0.1, 1, provisioned=True)))
    assert [[call.number for call in row] for row in rows] == [[1], [0]]


def test_a_call_under_way_is_drawn_where_an_environment_is_idle_or_else_in_a_row_of_its_own() -> None:
    calls = [ran(0, 0, 1, "aaaa"), BurstCall(1, sent=0.5), BurstCall(2, sent=1.2), BurstCall(3, sent=1.3)]
    rows = _rows(burst_of(*calls, is_over=False))
    assert [[call.number for call in row] for row in rows] == [[0, 2], [1], [3]]


@pytest.mark.parametrize("seconds", [0.0, 0.001, 1.0, 59.0, 4000.0])
def test_every_length_of_time_can_be_drawn(seconds: float) -> None:
    for is_over in (False, True):
        assert burst_picture(burst_of(ran(0, 0, seconds), seconds=seconds, is_over=is_over)).data
    assert burst_picture(burst_of(seconds=seconds)).data


# Live


class Place:
    """What IPython's display returns: it notes what it was told to show."""

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def show(self, thing: Any, *, display_id: bool) -> Place:
        assert display_id
        self.shown.append(thing)
        return self

    def update(self, thing: Any) -> None:
        self.shown.append(thing)


def test_a_burst_is_drawn_while_it_goes_on_and_its_picture_stays() -> None:
    place = Place()
    live = LiveBurst(show=place.show)
    going_on = burst_of(BurstCall(0, sent=0.0), seconds=0.5, is_over=False)
    live(going_on)
    [frame] = place.shown
    assert frame.value == burst_picture(going_on).data
    going_on.seconds = 0.9
    live(going_on)
    assert frame.value == burst_picture(going_on).data
    over = burst_of(ran(0, 0, 1))
    live(over)
    assert [type(thing).__name__ for thing in place.shown] == ["Image", "Picture"]
    assert place.shown[-1].data == burst_picture(over).data
    assert frame.comm is None, "the frame stays open"
