"""How long a client waits before it sends again what was refused: exponential backoff with full jitter.

https://docs.aws.amazon.com/prescriptive-guidance/latest/cloud-design-patterns/retry-backoff.html
"""

from __future__ import annotations

RETRIED = (429, 503)
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, ATTEMPTS = 0.1, 5.0, 10


def pause_seconds(attempt: int, chance: float) -> float:
    """Return how long to wait before an attempt.

    Args:
        attempt: 1 for the first time that a request is sent again.
        chance: a random number from 0 to 1.
    """
    return float(chance * min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt))
