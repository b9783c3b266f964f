"""Times in every form in which a service may write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from labsupport.aws_time import read_time

SECOND = datetime(2026, 5, 17, 9, 30, 2, tzinfo=UTC)
MILLISECONDS = SECOND.replace(microsecond=250_000)


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2026-05-17T09:30:02.250+0000", MILLISECONDS),  # Lambda
        ("2026-05-17T09:30:02.250+00:00", MILLISECONDS),
        ("2026-05-17T09:30:02.250Z", MILLISECONDS),
        ("2026-05-17T09:30:02.250000000Z", MILLISECONDS),
        ("2026-05-17T09:30:02Z", SECOND),
        ("2026-05-17T09:30:02", SECOND),
        ("2026-05-17T11:30:02+0200", SECOND),
        (SECOND, SECOND),
        (SECOND.replace(tzinfo=None), SECOND),
        (SECOND.astimezone(timezone(timedelta(hours=2))), SECOND),
        (int(SECOND.timestamp()), SECOND),
        (MILLISECONDS.timestamp(), MILLISECONDS),
        (int(MILLISECONDS.timestamp() * 1000), MILLISECONDS),  # CloudWatch Logs
        (str(int(SECOND.timestamp())), SECOND),  # SQS
        (str(MILLISECONDS.timestamp()), MILLISECONDS),
    ],
)
def test_a_time_is_read_in_whatever_form_it_is_written(written: object, time: datetime) -> None:
    found = read_time(written)
    assert found == time
    assert found is not None and found.tzinfo is not None


@pytest.mark.parametrize("written", [None, "", "yesterday", "2026-13-01", "9" * 40, float("nan"), -1e300])
def test_what_is_no_time_is_none(written: object) -> None:
    assert read_time(written) is None
