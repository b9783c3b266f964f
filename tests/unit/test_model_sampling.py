"""Sampling: softmax(logits / temperature) with nucleus top-p, and a seed that repeats it."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from labsupport.localcloud.models import sampling

LOGITS = [2.0, 1.0, 0.5, 0.0, -1.0]


def softmax(temperature: float) -> list[float]:
    weights = [math.exp(logit / temperature) for logit in LOGITS]
    return [weight / sum(weights) for weight in weights]


def chi_square(drawn: Counter[int], expected: list[float], times: int) -> float:
    return sum((drawn[k] - times * p) ** 2 / (times * p) for k, p in enumerate(expected) if p > 0)


@pytest.mark.parametrize("temperature", [0.3, 0.7, 1.0])
def test_probabilities_are_softmax_of_logits_over_temperature(temperature: float) -> None:
    found = sampling.probabilities(LOGITS, temperature=temperature)
    assert found == pytest.approx(softmax(temperature))


def test_the_nucleus_is_the_smallest_set_that_has_the_probability() -> None:
    logits = [math.log(p) for p in (0.5, 0.3, 0.15, 0.05)]
    shares = {p: sampling.probabilities(logits, temperature=1, top_p=p) for p in (0.5, 0.51, 0.8, 0.81, 1)}
    assert [int((found > 0).sum()) for found in shares.values()] == [1, 2, 2, 3, 4]
    assert shares[0.8] == pytest.approx([0.5 / 0.8, 0.3 / 0.8, 0, 0])


@pytest.mark.parametrize(("temperature", "top_p"), [(0.7, 1.0), (1.0, 0.9), (0.5, 0.8)])
def test_draws_follow_the_probabilities(temperature: float, top_p: float) -> None:
    expected = softmax(temperature)
    kept = [p if sum(expected[:k]) < top_p else 0.0 for k, p in enumerate(expected)]  # they fall
    expected = [p / sum(kept) for p in kept]
    generator, times = np.random.default_rng(7), 5_000
    drawn = Counter(
        sampling.choose(LOGITS, temperature=temperature, top_p=top_p, generator=generator)
        for _ in range(times)
    )
    assert set(drawn) <= {k for k, p in enumerate(expected) if p > 0}
    assert chi_square(drawn, expected, times) < 18.5  # four degrees of freedom: once in a thousand


@pytest.mark.parametrize("logits", [[0, 3, 1], [-5, 3, 3], [1e9, 2e9, 0]])
@pytest.mark.parametrize("temperature", [0, 1e-9])
def test_temperature_zero_takes_the_best(logits: list[float], temperature: float) -> None:
    generator = np.random.default_rng(1)
    best = logits.index(max(logits))
    if temperature == 0 or logits.count(max(logits)) == 1:
        assert {
            sampling.choose(logits, temperature=temperature, top_p=1, generator=generator) for _ in range(20)
        } == {best}


def test_top_p_zero_leaves_the_best() -> None:
    assert list(sampling.probabilities(LOGITS, temperature=1, top_p=0)) == [1, 0, 0, 0, 0]


def test_a_seed_repeats_the_draws() -> None:
    def draws(seed: int) -> list[int]:
        generator = np.random.default_rng(seed)
        return [sampling.choose(LOGITS, temperature=1, top_p=1, generator=generator) for _ in range(30)]

    assert draws(3) == draws(3) != draws(4)
