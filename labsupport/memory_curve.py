"""How long a function takes and what it costs, by its memory: measured settings, and the sums over them.

Lambda gives CPU in proportion to memory. 1,769 MB are the equivalent of one vCPU, and a single thread can't
use more than that.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

from __future__ import annotations

from dataclasses import dataclass

from labsupport.cost import gb_seconds, lambda_dollars

VCPU_MEMORY_MB = 1769
SAME = 1.1
"""Values that differ by less than this factor count as equal, since no two measurements are."""


def cpu_share(memory_mb: int) -> float:
    """Return how much of a vCPU one thread can use: 0.5 is half of one (notebook 02_memory_and_cost)."""
    return min(1.0, memory_mb / VCPU_MEMORY_MB)


@dataclass(frozen=True)
class MemorySetting:
    """What a warm invocation took at one memory setting.

    Attributes:
        memory_mb: configured.
        duration_ms: of the handler.
        billed_ms: what is paid.
        max_memory_mb: used.
    """

    memory_mb: int
    duration_ms: float
    billed_ms: int
    max_memory_mb: int

    def gb_seconds(self, requests: float) -> float:
        """Return the GB-seconds of this many invocations."""
        return gb_seconds(requests, billed_ms=self.billed_ms, memory_mb=self.memory_mb)

    def dollars(self, requests: float, *, architecture: str = "x86_64", free_tier: bool = False) -> float:
        """Return what this many warm invocations in a month cost."""
        return lambda_dollars(
            requests,
            billed_ms=self.billed_ms,
            memory_mb=self.memory_mb,
            architecture=architecture,
            free_tier=free_tier,
        )

    @property
    def million_dollars(self) -> float:
        """What a million warm invocations in a month cost on x86_64, before the free tier."""
        return self.dollars(1_000_000)


@dataclass(frozen=True)
class MemoryCurve:
    """One function, measured at several memory settings.

    Attributes:
        settings: in the order of their memory.
    """

    settings: tuple[MemorySetting, ...]

    def fastest(self) -> tuple[MemorySetting, ...]:
        """Return the setting with the shortest duration, and those within 10 % of it."""
        limit_ms = SAME * min(each.duration_ms for each in self.settings)
        return tuple(each for each in self.settings if each.duration_ms <= limit_ms)

    def cheapest(self) -> tuple[MemorySetting, ...]:
        """Return the setting that costs least, and those within 10 % of it."""
        limit_dollars = SAME * min(each.million_dollars for each in self.settings)
        return tuple(each for each in self.settings if each.million_dollars <= limit_dollars)

    def expected_ms(self, memory_mb: int) -> float:
        """Return how long it takes if all of it is work for one thread.

        How much work that is, is judged by the least disturbed setting: a busy machine only adds time.
        """
        work_ms = min(each.duration_ms * cpu_share(each.memory_mb) for each in self.settings)
        return work_ms / cpu_share(memory_mb)
