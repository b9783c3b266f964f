"""The ceiling, with a meter and a clock of the test's own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.course_usage import course_usage
from labsupport.errors import SpendingError
from labsupport.learning.progress import Progress
from labsupport.spending import Ceiling, Ledger, lifted
from labsupport.spending_notice import price_before
from labsupport.tape import Tape
from labsupport.usage import Standing, Usage

A_MILLION_REQUESTS = Usage({"lambda-request": 1_000_000})  # 20 cents
A_MONTH_SECONDS = 30 * 24 * 60 * 60


class Meter:
    def __init__(self, usage: Usage = A_MILLION_REQUESTS) -> None:
        self.answer: Usage | ClientError = usage
        self.asked = 0

    def usage(self) -> Usage:
        self.asked += 1
        if isinstance(self.answer, ClientError):
            raise self.answer
        return self.answer


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def watched(
    folder: Path,
    meter: Meter,
    *,
    max_usd: float = 1.0,
    account: str = "111122223333",
    stands: tuple[Standing, ...] = (),
) -> tuple[Tape, Ceiling, Clock]:
    tape, clock = Tape(), Clock()
    target: Any = SimpleNamespace(name="aws", account=account, notebook="05", tape=tape)
    ledger = Ledger(Progress(folder / "spending.jsonl"), target)
    ceiling = Ceiling(
        target,
        meter,  # type: ignore[arg-type]
        ledger,
        max_usd,
        clock=clock,
        find_standing=lambda _: list(stands),
    )
    return tape, ceiling, clock


def require_room(tape: Tape, operation: str) -> None:
    assert tape.guard is not None
    tape.guard(operation)


def test_below_the_ceiling_every_call_passes(tmp_path: Path) -> None:
    tape, ceiling, _ = watched(tmp_path, Meter())
    require_room(tape, "CreateFunction")
    assert ceiling.spent == pytest.approx(0.2)


def test_at_the_ceiling_a_spending_call_is_held_up_and_the_error_says_what_to_do(tmp_path: Path) -> None:
    tape, _, _ = watched(tmp_path, Meter(), max_usd=0.19)
    with pytest.raises(SpendingError) as held:
        require_room(tape, "CreateFunction")
    assert "$0.20" in held.value.cause
    assert "LAB_MAX_USD" in held.value.next_step
    assert "teardown" in held.value.next_step


@pytest.mark.parametrize("operation", ["DeleteFunction", "ListBuckets", "GetObject", "DescribeTable"])
def test_looking_and_deleting_are_never_held_up(tmp_path: Path, operation: str) -> None:
    meter = Meter()
    tape, _, _ = watched(tmp_path, meter, max_usd=0.1)
    require_room(tape, operation)
    assert meter.asked == 0


@pytest.mark.parametrize("operation", ["Invoke", "Converse", "PutObject", "POST /orders", "GET /orders"])
def test_whatever_runs_or_writes_is_held_up(tmp_path: Path, operation: str) -> None:
    tape, _, _ = watched(tmp_path, Meter(), max_usd=0.1)
    with pytest.raises(SpendingError):
        require_room(tape, operation)


def test_the_teardown_may_always(tmp_path: Path) -> None:
    tape, _, _ = watched(tmp_path, Meter(), max_usd=0.1)
    with lifted():
        require_room(tape, "PutBucketNotificationConfiguration")
    with pytest.raises(SpendingError):
        require_room(tape, "PutBucketNotificationConfiguration")


def test_logs_are_read_once_a_minute(tmp_path: Path) -> None:
    meter = Meter(Usage())
    tape, ceiling, clock = watched(tmp_path, meter)
    require_room(tape, "Invoke")
    clock.now += 59
    require_room(tape, "Invoke")
    assert meter.asked == 1
    clock.now += 1
    meter.answer = A_MILLION_REQUESTS
    require_room(tape, "Invoke")
    assert meter.asked == 2
    assert ceiling.spent == pytest.approx(0.2)


def test_what_stands_is_paid_for_by_the_time(tmp_path: Path) -> None:
    cache = Standing("a cache", {"apigateway-cache-hour-1.6-gb": A_MONTH_SECONDS / 3600})
    tape, ceiling, clock = watched(tmp_path, Meter(Usage()), stands=(cache,))
    require_room(tape, "Invoke")
    clock.now += 3600
    require_room(tape, "Invoke")
    assert ceiling.spent == pytest.approx(0.038, rel=0.02)


def test_what_other_kernels_have_spent_counts_too_but_not_in_another_account(tmp_path: Path) -> None:
    first, _, _ = watched(tmp_path, Meter())
    require_room(first, "Invoke")
    _, second, _ = watched(tmp_path, Meter())
    _, elsewhere, _ = watched(tmp_path, Meter(), account="444455556666")
    assert second.spent == pytest.approx(0.2)
    assert elsewhere.spent == 0


def test_a_kernel_that_runs_at_the_same_time_is_noticed(tmp_path: Path) -> None:
    early, _, _ = watched(tmp_path, Meter(), max_usd=0.4)
    late, _, _ = watched(tmp_path, Meter(), max_usd=1)
    require_room(late, "Invoke")
    with pytest.raises(SpendingError):
        require_room(early, "Invoke")


def test_when_nothing_can_be_measured_then_the_cell_goes_on(tmp_path: Path) -> None:
    meter = Meter()
    meter.answer = ClientError({"Error": {"Code": "AccessDenied"}}, "FilterLogEvents")
    tape, ceiling, _ = watched(tmp_path, meter)
    require_room(tape, "Invoke")
    assert ceiling.spent == 0


def test_setup_says_what_a_notebook_costs_before_it_builds(tmp_path: Path) -> None:
    _, ceiling, _ = watched(tmp_path, Meter())
    said = price_before("07", ceiling)
    assert f"costs about ${course_usage()['07'].at_most_dollars():.2f} at most" in said
    assert "us-east-1" in said
    assert "$0.00 of the $1.00" in said


def test_what_has_no_price_is_named(tmp_path: Path) -> None:
    _, ceiling, _ = watched(tmp_path, Meter())
    assert "cognito-idp" in price_before("06", ceiling)


def test_every_notebook_has_been_recorded() -> None:
    from tests.course import NOTEBOOKS

    assert set(course_usage()) == {name[:2] for name in NOTEBOOKS}
