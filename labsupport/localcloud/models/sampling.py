"""Choose one of several candidates as a language model chooses its next token.

A logit is a candidate's score. softmax(logits / temperature) makes probabilities of them: a low temperature
sharpens the differences, a high one levels them. Top-p then keeps the nucleus, the smallest set of most
probable candidates that together have at least the probability p, and drops the rest.

https://docs.aws.amazon.com/bedrock/latest/userguide/inference-parameters.html
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]


def probabilities(logits: Sequence[float], *, temperature: float, top_p: float = 1.0) -> Probabilities:
    """Return each candidate's probability after temperature and top-p. A lesson draws them as bars.

    Temperature 0 leaves the candidate with the highest logit, the first one when there are several.
    """
    scores = np.asarray(logits, dtype=np.float64)
    if temperature <= 0:
        certain = np.zeros(len(scores))
        certain[int(np.argmax(scores))] = 1.0
        return certain
    with np.errstate(over="ignore"):  # a tiny temperature: the differences become infinite, as they should
        exponents = np.exp((scores - np.max(scores)) / temperature)
    return _nucleus(exponents / exponents.sum(), top_p)


def choose(
    logits: Sequence[float], *, temperature: float, top_p: float, generator: np.random.Generator
) -> int:
    """Draw a candidate and return its place."""
    weights = probabilities(logits, temperature=temperature, top_p=top_p)
    return int(generator.choice(len(weights), p=weights))


def _nucleus(weights: Probabilities, top_p: float) -> Probabilities:
    order = np.argsort(-weights, kind="stable")
    before = np.cumsum(weights[order]) - weights[order]
    # The most probable candidate always stays. The margin is for sums such as 0.1 + 0.2.
    dropped = order[1:][before[1:] >= top_p - 1e-12]
    kept = weights.copy()
    kept[dropped] = 0.0
    result: Probabilities = kept / kept.sum()
    return result
