"""How much of a core a function gets, against what its memory gives it: memory / 1,769 MB."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.figure import Figure
from benchmarks.service import BUSY, invoke, lambda_service, make_function
from labsupport.localcloud.lambda_service.governor import VCPU_MEMORY_MB

SECONDS, TIMES = 2.0, 5


def measure() -> Iterator[Figure]:
    with lambda_service() as service:
        for memory_mb in (128, 256, 512, 1024, VCPU_MEMORY_MB):
            function = make_function(BUSY, memory_mb=memory_mb)
            invoke(service, function, 0)
            got = statistics.median(invoke(service, function, SECONDS) for _ in range(TIMES))
            share = memory_mb / VCPU_MEMORY_MB
            yield Figure(
                f"Share of a core at {memory_mb} MB",
                got * 100,
                "by its memory",
                share * 100,
                unit="%",
                goal="0.95 to 1.05 ×",
            )
