"""The token bucket by which API Gateway throttles: a rate, and a burst above it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

ACCOUNT_RATE = 10_000.0
ACCOUNT_BURST = 5_000


@dataclass
class _Bucket:
    tokens: float
    filled: float  # when


class TokenBuckets:
    """Buckets by key, such as (API, stage, route). Each starts full. Called from any thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Read the time in seconds with `clock`."""
        self._clock = clock
        self._buckets: dict[Hashable, _Bucket] = {}
        self._lock = threading.Lock()

    def take(self, key: Hashable, *, rate: float, burst: float) -> bool:
        """Take a token, and tell whether there was one.

        Args:
            key: whose bucket.
            rate: tokens that come back each second.
            burst: how many the bucket holds. A change of both counts from now on.
        """
        with self._lock:
            now = self._clock()
            bucket = self._buckets.setdefault(key, _Bucket(burst, now))
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled) * rate)
            bucket.filled = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True
