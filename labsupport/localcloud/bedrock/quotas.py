"""Requests and tokens a minute of each model. What goes beyond is refused with ThrottlingException.

When a request begins, its input and the most that it may write count against the tokens of the minute; when
it is over, what it really wrote does.

https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from labsupport.localcloud.bedrock.errors import BedrockError

WINDOW_SECONDS = 60.0
# Generous. AWS's differ by model, account and Region; a lesson sets lower ones.
REQUESTS_PER_MINUTE, TOKENS_PER_MINUTE = 2_000, 8_000_000


@dataclass(frozen=True)
class Quota:
    """What a model gives in a minute."""

    requests_per_minute: int = REQUESTS_PER_MINUTE
    tokens_per_minute: int = TOKENS_PER_MINUTE


@dataclass
class Reservation:
    """A request that was let in: when, and how many tokens count for it."""

    when: float
    tokens: int


@dataclass
class Quotas:
    """The quotas of all models, and what was used of them."""

    clock: Callable[[], float] = time.monotonic
    _quotas: dict[str, Quota] = field(default_factory=dict)
    _used: dict[tuple[str, str, str], deque[Reservation]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, model_id: str) -> Quota:
        """Return a model's quota."""
        return self._quotas.get(model_id, Quota())

    def set(self, model_id: str, quota: Quota) -> None:
        """Set a model's quota."""
        with self._lock:
            self._quotas[model_id] = quota

    def change(self, wanted: Mapping[str, Any]) -> dict[str, object]:
        """Set a quota as the page /_lab/model-quotas takes it, and return it.

        Args:
            wanted: modelId, and requestsPerMinute and tokensPerMinute; the usual ones where it says nothing.

        Raises:
            ValueError: it can't be set.
        """
        if not isinstance(wanted, Mapping):
            raise ValueError("The quota must be a JSON object.")
        model_id = wanted.get("modelId")
        if not isinstance(model_id, str) or not model_id:
            raise ValueError("Name the modelId.")
        numbers = {
            "requests_per_minute": wanted.get("requestsPerMinute", REQUESTS_PER_MINUTE),
            "tokens_per_minute": wanted.get("tokensPerMinute", TOKENS_PER_MINUTE),
        }
        if any(type(number) is not int or number < 0 for number in numbers.values()):
            raise ValueError("requestsPerMinute and tokensPerMinute must be whole numbers.")
        self.set(model_id, Quota(**numbers))
        return {"modelId": model_id, **asdict(self.of(model_id))}

    def reserve(self, account: str, region: str, model_id: str, tokens: int) -> Reservation:
        """Let a request in.

        Raises:
            BedrockError: ThrottlingException.
        """
        with self._lock:
            now, quota = self.clock(), self.of(model_id)
            used = self._used.setdefault((account, region, model_id), deque())
            while used and used[0].when <= now - WINDOW_SECONDS:
                used.popleft()
            if len(used) >= quota.requests_per_minute:
                raise _throttled("requests")
            if sum(each.tokens for each in used) + tokens > quota.tokens_per_minute:
                raise _throttled("tokens")
            reservation = Reservation(now, tokens)
            used.append(reservation)
            return reservation

    def settle(self, reservation: Reservation, tokens: int) -> None:
        """Count what a request really used."""
        reservation.tokens = tokens


def _throttled(what: str) -> BedrockError:
    return BedrockError("ThrottlingException", f"Too many {what}, please wait before trying again.")
