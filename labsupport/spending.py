"""What was spent so far, and the ceiling that it may reach (LAB_MAX_USD).

What counts is what `labsupport.meter` sees, at the price book's prices and without the free tier: the tape,
the functions' REPORT lines, and what costs while it stands. What functions call themselves is not in it, nor
data transfer. So the ceiling is a brake and no guarantee; an AWS budget is another one.

Whatever builds, runs or asks a model is held up at the ceiling. Looking and deleting never are, nor is
the teardown. Nothing is lost: with a higher ceiling the same cell goes on.

What was spent outlives the kernel in `spending.jsonl` in the lab's home, one line at a time.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from labsupport.charges import usage_of_call
from labsupport.errors import SpendingError
from labsupport.learning.progress import Progress
from labsupport.meter import Meter, total
from labsupport.server_comparison import SECONDS_PER_MONTH
from labsupport.standing import standing
from labsupport.target import Target
from labsupport.usage import Usage

LEDGER = "spending.jsonl"
MEASURED_EVERY_SECONDS = 60.0
"""How often logs are read for it; what is on the tape counts at once."""

NEVER_HELD_UP = (
    "Abort",
    "BatchGet",
    "Count",
    "Delete",
    "Describe",
    "Detach",
    "Disassociate",
    "Filter",
    "Get",
    "Head",
    "List",
    "Query",
    "Remove",
    "Scan",
    "Simulate",
    "TransactGet",
    "Untag",
)
"""What the names of operations begin with that only look or delete."""

_lifted: ContextVar[bool] = ContextVar("ceiling_lifted", default=False)


class Ledger:
    """What the lab has spent in one account, by all kernels that used this home.

    Attributes:
        recorded: dollars of this kernel that are written down.
        others: dollars of all other kernels.
    """

    def __init__(self, progress: Progress, target: Target) -> None:
        """Keep what is spent on this target from now on."""
        self._progress, self._run = progress, uuid.uuid4().hex
        self._where = {"target": target.name, "account": target.account}
        self._notebook = target.notebook
        self.recorded, self.others = 0.0, 0.0
        self.read_others()

    def read_others(self) -> None:
        """Read what all other kernels have spent, those that run at the same time too."""
        latest = {event["run"]: event for event in self._progress.events("spent") if self._is_here(event)}
        self.others = sum(float(event["dollars"]) for run, event in latest.items() if run != self._run)

    def record(self, dollars: float) -> None:
        """Keep what this kernel has spent so far, if that is more than it was."""
        if dollars > self.recorded:
            self.recorded = dollars
            facts = {"run": self._run, "notebook": self._notebook, "dollars": round(dollars, 8)}
            self._progress.record("spent", **facts, **self._where)

    def _is_here(self, event: dict[str, Any]) -> bool:
        return all(event.get(name) == value for name, value in self._where.items())


class Ceiling:
    """Hold up what would spend more, once the ceiling is reached."""

    def __init__(
        self,
        target: Target,
        meter: Meter,
        ledger: Ledger,
        max_usd: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        find_standing: Callable[[Target], list[Any]] = standing,
    ) -> None:
        """Watch the target's tape from now on."""
        self._target, self._meter, self._ledger = target, meter, ledger
        self.max_usd, self._clock, self._find_standing = max_usd, clock, find_standing
        self._lock = threading.RLock()
        self._measured_at: float | None = None
        self._measured, self._stood = 0.0, 0.0
        self._calls_measured = 0
        target.tape.guard = self.require_room

    @property
    def spent(self) -> float:
        """What is known to be spent, in dollars, without asking AWS."""
        return self._ledger.others + self._here()

    def require_room(self, operation: str) -> None:
        """Let a call pass, or hold it up.

        Raises:
            SpendingError: the ceiling is reached.
        """
        if _lifted.get() or operation.startswith(NEVER_HELD_UP):
            return
        with self._lock:
            if self._is_due():
                self.measure()
            here = self._here()
            spent = self._ledger.others + here
            if here - self._ledger.recorded >= self.max_usd / 100:  # a kernel may be killed
                self._ledger.record(here)
        if spent >= self.max_usd:
            raise SpendingError(
                doing=f"sending {operation}",
                cause=f"the lab has spent about ${spent:.2f} in the account {self._target.account}, and "
                f"LAB_MAX_USD allows ${self.max_usd:.2f}. Nothing was sent, and what is built stays.",
                next_step="Set LAB_MAX_USD to a higher amount, restart the kernel and go on; or delete "
                "everything with `./lab teardown`, which is always allowed.",
            )

    def measure(self) -> None:
        """Read logs and what stands, and keep the sum. It takes some calls, all of them plumbing."""
        with self._lock, lifted():
            before, self._measured_at = self._measured_at, self._clock()
            self._ledger.read_others()
            # A cell must not fail because it may not be measured: the tape goes on counting.
            with suppress(BotoCoreError, ClientError):
                if before is not None:
                    a_month = sum(thing.dollars_a_month for thing in self._find_standing(self._target))
                    self._stood += a_month * (self._measured_at - before) / SECONDS_PER_MONTH
                heard = len(self._target.tape.calls())
                measured = self._meter.usage().dollars()
                self._calls_measured, self._measured = heard, max(measured, self._measured)
            self._ledger.record(self._here())

    def keep(self) -> None:
        """Write down what is known to be spent, without asking AWS: the kernel ends."""
        self._ledger.record(self._here())

    def _is_due(self) -> bool:
        return self._measured_at is None or self._clock() - self._measured_at >= MEASURED_EVERY_SECONDS

    def _here(self) -> float:
        """Return what this kernel has spent: as measured, and what the tape has heard since."""
        since = total(usage_of_call(call) for call in self._target.tape.calls()[self._calls_measured :])
        return self._measured + self._stood + Usage(since.units).dollars()


@contextmanager
def lifted() -> Iterator[None]:
    """Hold up nothing: the teardown may always."""
    token = _lifted.set(True)
    try:
        yield
    finally:
        _lifted.reset(token)
