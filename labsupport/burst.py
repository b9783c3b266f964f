"""Calls of a function at the same time, as data: sent, refused, answered, and by which execution environment.

`labsupport.load` makes these calls, and `labsupport.views.burst_picture` draws them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class BurstCall:
    """One call. Times are seconds since the burst began.

    Attributes:
        number: 0, 1, 2 ... in the order of sending.
        called: when the program made the call.
        sent: when the client sent it, or sent it again; None before that.
        refusals: when Lambda refused it with 429. A client that tries again can have several.
        reason: Lambda's Reason of the last refusal.
        answered: when the function's answer came, or None.
        environment: log stream of the execution environment that ran it: each writes its own. None before
            the answer, and for a handler that failed and couldn't tell.
        provisioned: whether the environment was initialised before anybody called.
        init_seconds: of the Init phase; None means that nobody waited for one.
        duration_seconds: of the handler.
        error_type: of a handler that failed.
    """

    number: int
    called: float = 0.0
    sent: float | None = None
    refusals: list[float] = field(default_factory=list)
    reason: str | None = None
    answered: float | None = None
    environment: str | None = None
    provisioned: bool = False
    init_seconds: float | None = None
    duration_seconds: float = 0.0
    error_type: str | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether Lambda has it, and has neither answered nor refused it."""
        is_refused = bool(self.refusals) and self.sent is not None and self.refusals[-1] >= self.sent
        return self.sent is not None and self.answered is None and not is_refused

    @property
    def handler_began(self) -> float:
        """When the handler began."""
        return (self.answered or 0.0) - self.duration_seconds

    @property
    def began(self) -> float:
        """When the environment began with it. Before that the call was on its way."""
        return self.handler_began - (self.init_seconds or 0.0)


class Burst(list[BurstCall]):
    """The calls of one burst, in the order of sending.

    Attributes:
        seconds: how long it takes so far; in the end, until the last answer.
        is_over: every call was answered or given up.
    """

    def __init__(self, calls: Iterable[BurstCall] = ()) -> None:
        super().__init__(calls)
        self.seconds = 0.0
        self.is_over = False

    @property
    def answered(self) -> list[BurstCall]:
        """The calls that a function ran."""
        return [call for call in self if call.answered is not None]

    @property
    def refused(self) -> list[BurstCall]:
        """The calls that came to nothing: Lambda refused them, and nobody tries again."""
        return [call for call in self if call.answered is None and call.refusals] if self.is_over else []

    @property
    def refusals(self) -> list[float]:
        """When Lambda answered 429, each time."""
        return sorted(moment for call in self for moment in call.refusals)

    @property
    def environments(self) -> dict[str, list[BurstCall]]:
        """The answered calls by environment, in the order in which the environments were first used.

        A call that doesn't know its environment counts as one of its own.
        """
        found: dict[str, list[BurstCall]] = {}
        for call in sorted(self.answered, key=lambda call: (call.sent or 0.0, call.number)):
            found.setdefault(call.environment or f"unknown {call.number}", []).append(call)
        return found

    @property
    def most_at_once(self) -> int:
        """The highest concurrency: how many environments were busy at the same time."""
        return max((self._busy_at(call.began) for call in self.answered), default=0)

    def _busy_at(self, moment: float) -> int:
        return sum(
            any(call.began <= moment < (call.answered or 0.0) for call in calls)
            for calls in self.environments.values()
        )

    @property
    def cold_starts(self) -> int:
        """How many calls waited for an Init phase."""
        return sum(call.init_seconds is not None for call in self.answered)

    @property
    def billed_seconds(self) -> float:
        """The time that is paid for: handlers and Init phases."""
        return sum(call.duration_seconds + (call.init_seconds or 0.0) for call in self.answered)

    @property
    def slowest_seconds(self) -> float:
        """How long the caller waited who waited longest, refusals and pauses included."""
        return max((call.answered or 0.0) - call.called for call in self.answered) if self.answered else 0.0

    def __repr__(self) -> str:
        parts = [f"{_count(len(self), 'call')}: {len(self.answered)} answered"]
        if self.answered:
            parts[0] += f" by {_count(len(self.environments), 'environment')}"
            parts.append(_count(self.cold_starts, "cold start"))
        if self.refusals:
            parts.append(f"{len(self.refusals)} × 429")
        if self.refused:
            parts.append(f"{len(self.refused)} given up")
        return ", ".join(parts)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
