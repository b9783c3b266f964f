"""What temperature and top-p do to the choice of the next token (notebook 09_bedrock_summary).

https://docs.aws.amazon.com/bedrock/latest/userguide/inference-parameters.html
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def probabilities(scores: Mapping[str, float], *, temperature: float, top_p: float = 1.0) -> dict[str, float]:
    """Return the probability of each candidate: softmax(score / temperature), then the nucleus of top-p.

    Args:
        scores: a score for each candidate (its logit).
        temperature: 0 leaves the one with the highest score.
        top_p: keep the most probable candidates that together reach this share, and at least one.
    """
    ranked = sorted(scores, key=lambda name: -scores[name])
    values = np.array([scores[name] for name in ranked])
    if temperature <= 0:
        shares = np.zeros(len(ranked))
        shares[0] = 1.0
    else:
        weights = np.exp((values - values[0]) / temperature)  # the largest is 1, so nothing overflows
        shares = weights / weights.sum()
    before = np.cumsum(shares) - shares
    kept = np.where((before < top_p - 1e-12) | (before == 0), shares, 0.0)
    chosen = dict(zip(ranked, (kept / kept.sum()).tolist(), strict=True))
    return {name: chosen[name] for name in scores}
