"""Many do the same at the same moment."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from labsupport.at_once import at_once

WHO: ContextVar[str] = ContextVar("who", default="nobody")


def test_all_of_them_are_at_work_at_the_same_time() -> None:
    together = threading.Barrier(12)  # breaks unless twelve are in it at once
    assert at_once(12, lambda _: together.wait(timeout=10) >= 0) == [True] * 12


def test_nobody_begins_before_the_last_one_is_ready() -> None:
    assert min(at_once(12, lambda _: threading.active_count())) > 12  # and the one that waits for them


def test_the_answers_come_in_the_order_of_the_numbers() -> None:
    assert at_once(8, lambda number: number * number) == [0, 1, 4, 9, 16, 25, 36, 49]


def test_each_works_in_the_context_of_the_caller() -> None:
    WHO.set("the learner")
    assert set(at_once(4, lambda _: WHO.get())) == {"the learner"}


def test_an_error_of_one_is_raised_when_all_are_done() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 0:
            raise ValueError("the first one")
        done.append(number)

    with pytest.raises(ValueError, match="the first one"):
        at_once(5, work)
    assert sorted(done) == [1, 2, 3, 4]
