"""Requests of a load as data: when each was due, sent and answered, and how.

`labsupport.http_load` sends them, and `labsupport.views.load_picture` draws them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass
class HttpSample:
    """One request. Times are seconds since the load began.

    Attributes:
        due: when it should be sent.
        sent: when it was sent first; None before that. A client without a free connection is late.
        answered: when the last answer came, or it was given up; None before that.
        status: of the last answer; 0 where none came.
        retried: how often it was sent again.
    """

    due: float
    sent: float | None = None
    answered: float | None = None
    status: int = 0
    retried: int = 0

    @property
    def latency(self) -> float:
        """How long its caller waited, from when it was due: waiting for a connection counts too."""
        return (self.answered or 0.0) - self.due

    @property
    def outcome(self) -> str:
        """A key of `OUTCOMES`."""
        if self.status == 429:
            return "429"
        return "2xx" if 200 <= self.status < 300 else "other"


OUTCOMES = ("2xx", "429", "other")


class Load(list[HttpSample]):
    """The requests of one load, in the order in which they are due.

    Attributes:
        seconds: how long it takes so far; in the end, until the last answer.
        is_over: every request was answered or given up.
    """

    def __init__(self, samples: Iterable[HttpSample] = ()) -> None:
        super().__init__(samples)
        self.seconds = 0.0
        self.is_over = False

    @property
    def answered(self) -> list[HttpSample]:
        """The requests that are over."""
        return [sample for sample in list(self) if sample.answered is not None]

    @property
    def by_status(self) -> dict[int, int]:
        """How many requests ended with which status; 0 is no answer."""
        return dict(sorted(Counter(sample.status for sample in self.answered).items()))

    @property
    def by_outcome(self) -> dict[str, int]:
        """How many requests ended with 2xx, with 429, and otherwise."""
        counted = Counter(sample.outcome for sample in self.answered)
        return {outcome: counted[outcome] for outcome in OUTCOMES}

    @property
    def retries(self) -> int:
        """How often a request was sent again."""
        return sum(sample.retried for sample in self)

    @property
    def per_second(self) -> float:
        """How many requests were answered in a second, on average."""
        return len(self.answered) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Return the latency in seconds that this share of the 2xx answers did not exceed, such as 0.95."""
        return percentile([sample.latency for sample in self.answered if sample.outcome == "2xx"], share)

    @property
    def p50(self) -> float:
        """The median latency of the 2xx answers, in seconds."""
        return self.percentile(0.5)

    @property
    def p95(self) -> float:
        """The latency that 95% of the 2xx answers did not exceed, in seconds."""
        return self.percentile(0.95)

    @property
    def p99(self) -> float:
        """The latency that 99% of the 2xx answers did not exceed, in seconds."""
        return self.percentile(0.99)

    def __repr__(self) -> str:
        outcomes = ", ".join(f"{count} × {name}" for name, count in self.by_outcome.items() if count)
        text = f"{len(self.answered)} of {len(self)} answered, {self.per_second:.0f} a second: {outcomes}"
        if self.by_outcome["2xx"]:
            text += f". p50 {_ms(self.p50)}, p95 {_ms(self.p95)}, p99 {_ms(self.p99)}"
        return text + (f". Sent again {self.retries} times" if self.retries else "")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed (nearest rank); 0 of none."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else 0.0


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
