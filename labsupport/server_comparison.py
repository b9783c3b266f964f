"""Lambda against servers that are always on: what a month of the same work costs on each.

AWS's prices of Lambda come from the price book. The server's price is the learner's own figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from labsupport.cost import lambda_dollars

HOURS_PER_MONTH = 30 * 24
SECONDS_PER_MONTH = HOURS_PER_MONTH * 60 * 60


@dataclass(frozen=True)
class PricedDay:
    """A day's traffic, and what a month of such days costs.

    Attributes:
        requests_per_second: 24 values, one for each hour.
        servers: how many always-on servers carry the busiest hour.
    """

    name: str
    requests_per_second: tuple[float, ...]
    lambda_dollars: float
    server_dollars: float
    servers: int


@dataclass(frozen=True)
class ServerComparison:
    """Compare Lambda with always-on servers for the same work (notebook 00_start_here).

    Attributes:
        billed_ms, memory_mb: of one request on Lambda.
        server_dollars_per_hour: the learner's own figure.
        server_requests_per_second: how many requests one server carries.
    """

    billed_ms: float
    memory_mb: int
    server_dollars_per_hour: float
    server_requests_per_second: float

    def lambda_dollars(self, requests_per_second: float) -> float:
        """Return the dollars a month on Lambda for a load that is steady, or an average."""
        requests = requests_per_second * SECONDS_PER_MONTH
        return lambda_dollars(requests, billed_ms=self.billed_ms, memory_mb=self.memory_mb)

    def servers(self, requests_per_second: float) -> int:
        """Return how many servers carry this load; one is always on."""
        return max(1, math.ceil(requests_per_second / self.server_requests_per_second))

    def server_dollars(self, requests_per_second: float) -> float:
        """Return the dollars a month of the servers that carry this load."""
        return self.servers(requests_per_second) * self.server_dollars_per_hour * HOURS_PER_MONTH

    def crossing(self) -> float | None:
        """Return the steady load that costs as much on Lambda as on one server; None: one can't carry it."""
        one_request_a_second = self.lambda_dollars(1)
        load = self.server_dollars(0) / one_request_a_second
        return load if load <= self.server_requests_per_second else None

    def day(self, name: str, requests_per_second: Sequence[float]) -> PricedDay:
        """Price a day that is given hour by hour. The servers are as many as its busiest hour needs."""
        average, peak = sum(requests_per_second) / len(requests_per_second), max(requests_per_second)
        return PricedDay(
            name,
            tuple(requests_per_second),
            self.lambda_dollars(average),
            self.server_dollars(peak),
            self.servers(peak),
        )
