"""The price book and what things cost, and the comparison with servers."""

from __future__ import annotations

import datetime
import json

import pytest

from labsupport import cost
from labsupport.errors import LabError
from labsupport.model_cost import NAMES as MODELS
from labsupport.model_cost import dollars_a_million, model_dollars
from labsupport.server_comparison import ServerComparison

NAMES = sorted(json.loads(cost.PRICE_BOOK.read_text())["prices"])


@pytest.mark.parametrize("name", NAMES)
def test_every_price_has_a_date_and_a_source_and_tiers_that_ascend(name):
    price = cost.price(name)
    assert datetime.date.fromisoformat(price.as_of) <= datetime.date.today()
    assert "https://aws.amazon.com/" in price.source and price.as_of in price.source
    limits = [up_to for up_to, _ in price.tiers if up_to is not None]
    assert limits == sorted(limits)
    assert all(up_to is not None for up_to, _ in price.tiers[:-1])
    dollars = [per_unit for _, per_unit in price.tiers]
    assert dollars == sorted(dollars, reverse=True) and all(dollars)


def test_a_million_requests_of_100_ms_at_512_mb():
    # 1,000,000 requests at $0.20 a million, and 50,000 GB-seconds at $0.0000166667
    assert cost.lambda_dollars(1_000_000, billed_ms=100, memory_mb=512) == pytest.approx(0.20 + 0.833335)


def test_arm_costs_a_fifth_less_for_the_duration_and_the_same_for_requests():
    arm = cost.lambda_dollars(1_000_000, billed_ms=100, memory_mb=512, architecture="arm64")
    assert arm == pytest.approx(0.20 + 50_000 * 0.0000133334)


def test_the_free_tier_covers_requests_and_gb_seconds_apart():
    assert cost.lambda_dollars(1_000_000, billed_ms=400, memory_mb=1024, free_tier=True) == 0
    # one more second at 1 GB: it is paid, although free requests are left
    paid = cost.lambda_dollars(400_001, billed_ms=1000, memory_mb=1024, free_tier=True)
    assert paid == pytest.approx(0.0000166667)


def test_each_tier_is_charged_at_its_own_price():
    price = cost.price("lambda-gb-second-x86_64")
    assert price.dollars(6_000_000_000) == pytest.approx(100_000.2)
    assert price.dollars(6_000_000_001) - price.dollars(6_000_000_000) == pytest.approx(0.000015, rel=1e-3)
    assert price.dollars(16_000_000_000) == pytest.approx(100_000.2 + 9e9 * 0.000015 + 1e9 * 0.0000133334)


MONTH = {"memory_mb": 512, "seconds": 30 * 24 * 60 * 60}


def test_provisioned_environments_cost_while_they_are_idle_and_others_do_not():
    assert cost.concurrency_dollars(4, busy_share=0, provisioned=True, **MONTH) == pytest.approx(
        21.60, abs=0.001
    )
    assert cost.concurrency_dollars(4, busy_share=0, provisioned=False, **MONTH) == 0


def test_both_ways_cost_the_same_at_three_fifths_of_busy_time():
    for busy_share, sign in ((0.59, 1), (0.61, -1)):
        kept, paid = (
            cost.concurrency_dollars(4, busy_share=busy_share, provisioned=provisioned, **MONTH)
            for provisioned in (True, False)
        )
        assert (kept - paid) * sign > 0


def test_provisioned_concurrency_is_charged_for_five_minutes_at_least():
    short, least = (
        cost.concurrency_dollars(4, memory_mb=512, seconds=seconds, busy_share=0, provisioned=True)
        for seconds in (1, 300)
    )
    assert short == least == pytest.approx(0.0025, abs=0.0001)


def test_arm_has_prices_of_its_own_for_provisioned_concurrency():
    arm = cost.concurrency_dollars(1, busy_share=1, provisioned=True, architecture="arm64", **MONTH)
    assert arm == pytest.approx(0.5 * MONTH["seconds"] * (0.0000033334 + 0.0000077778))


def test_storage_is_priced_by_the_gb_month():
    assert cost.storage_dollars("s3-storage", 100 * 1024**3) == pytest.approx(2.30)
    assert cost.storage_dollars("logs-storage", 1024**3) == pytest.approx(0.03)
    assert cost.storage_dollars("logs-storage", 0) == 0


@pytest.mark.parametrize(
    ("units", "cause"), [(51_201, "the price book ends at 51,200"), (-1, "less than nothing")]
)
def test_what_the_book_does_not_price_is_refused(units, cause):
    with pytest.raises(LabError, match=cause):
        cost.price("s3-storage").dollars(units)


def test_an_unknown_price_is_an_error_that_names_the_known_ones():
    with pytest.raises(LabError, match="lambda-request"):
        cost.price("ec2-hour")


COMPARISON = ServerComparison(
    billed_ms=100, memory_mb=512, server_dollars_per_hour=0.05, server_requests_per_second=20
)


def test_at_the_crossing_both_prices_are_the_same():
    crossing = COMPARISON.crossing()
    assert crossing == pytest.approx(13.44, abs=0.01)
    assert COMPARISON.lambda_dollars(crossing) == pytest.approx(COMPARISON.server_dollars(crossing))
    assert COMPARISON.lambda_dollars(crossing - 1) < COMPARISON.server_dollars(crossing - 1)
    assert COMPARISON.lambda_dollars(crossing + 1) > COMPARISON.server_dollars(crossing + 1)


def test_there_is_no_crossing_beyond_what_one_server_carries():
    slow = ServerComparison(
        billed_ms=100, memory_mb=512, server_dollars_per_hour=0.05, server_requests_per_second=13
    )
    assert slow.crossing() is None


def test_lambda_is_paid_by_the_average_and_servers_by_the_peak():
    flat, peaked = COMPARISON.day("flat", [10] * 24), COMPARISON.day("peaked", [0] * 23 + [240])
    assert flat.lambda_dollars == pytest.approx(peaked.lambda_dollars)
    assert (flat.servers, peaked.servers) == (1, 12)
    assert peaked.server_dollars == pytest.approx(12 * 0.05 * 720)


def test_one_server_runs_even_when_nobody_comes():
    assert COMPARISON.server_dollars(0) == pytest.approx(36)
    assert COMPARISON.lambda_dollars(0) == 0


def test_a_models_tokens_cost_by_what_is_read_and_what_is_written():
    assert model_dollars("amazon.nova-micro-v1:0", read=1_000_000, written=0) == pytest.approx(0.035)
    assert model_dollars("amazon.nova-micro-v1:0", read=0, written=1_000_000) == pytest.approx(0.14)
    assert dollars_a_million("amazon.nova-micro-v1:0") == pytest.approx({"input": 0.035, "output": 0.14})
    arn = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-haiku-5-5"
    assert model_dollars(arn, read=100_000, written=1_000) == pytest.approx(0.011 + 0.00055)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_of_the_price_book_has_its_prices(model):
    assert model_dollars(model, read=1, written=0) > 0


@pytest.mark.parametrize(
    ("elsewhere", "here"),
    [
        ("eu.amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0"),
        ("apac.anthropic.claude-haiku-5-5", "us.anthropic.claude-haiku-5-5"),
    ],
)
def test_a_profile_of_another_part_of_the_world_has_the_price_of_its_counterpart(elsewhere, here):
    assert model_dollars(elsewhere, read=3, written=5) == model_dollars(here, read=3, written=5)


@pytest.mark.parametrize(
    "model",
    ["us.amazon.nova-premier-v1:0", "global.amazon.nova-micro-v1:0", "anthropic.claude-haiku-5-5"],
)
def test_a_model_without_a_price_is_said(model):
    with pytest.raises(LabError, match="no price for this model"):
        model_dollars(model, read=1, written=1)
