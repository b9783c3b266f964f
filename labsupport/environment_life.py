"""The life of an execution environment as data: its phases, and the times between them.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise


class Kind(enum.Enum):
    """What an environment does during a span of time."""

    INIT = "Init"
    INVOKE = "Invoke"
    SHUTDOWN = "Shutdown"
    FROZEN = "frozen"
    RESET = "reset"


@dataclass(frozen=True)
class Span:
    """A time in an environment's life.

    Attributes:
        start_ms, end_ms: milliseconds since the epoch.
        failed: what went wrong, in the log's words; "" when nothing did.
        request_id: of an invocation; "" for anything else.
    """

    kind: Kind
    start_ms: float
    end_ms: float
    failed: str = ""
    request_id: str = ""

    @property
    def duration_ms(self) -> float:
        """How long it took, in milliseconds."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True)
class EnvironmentLife:
    """One execution environment.

    Attributes:
        stream: its log stream.
        phases: Init, Invoke and Shutdown, in the order of time.
        lines_ms: when the function itself wrote a line.
    """

    stream: str
    phases: tuple[Span, ...]
    lines_ms: tuple[float, ...] = field(default=(), repr=False)

    @property
    def waits(self) -> Iterator[Span]:
        """The times between its phases: frozen, or reset after a runtime that was ended."""
        for before, after in pairwise(self.phases):
            if after.start_ms > before.end_ms:
                kind = Kind.RESET if _ends_the_runtime(before) else Kind.FROZEN
                yield Span(kind, before.end_ms, after.start_ms)


def _ends_the_runtime(span: Span) -> bool:
    """Tell whether Lambda ended the runtime after this: an exception of the handler's leaves it alive."""
    return span.failed not in ("", "error") or (span.kind is Kind.INIT and bool(span.failed))
