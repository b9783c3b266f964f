"""What things cost on AWS: the price book, and the sums that notebooks do with it.

The prices stand in `prices.json`, each with its date and source. They are for us-east-1, in US dollars. The
free tier is left out unless it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labsupport.errors import LabError

PRICE_BOOK = Path(__file__).with_name("prices.json")
BYTES_PER_GB = 1024**3
PROVISIONED_LEAST_SECONDS = 300


@dataclass(frozen=True)
class Price:
    """One entry of the price book.

    Attributes:
        unit: what is counted, such as "GB-second".
        tiers: (up to this many units a month, dollars per unit), in ascending order; None means: all above.
        free_each_month: units of the free tier.
        free_pool: prices of the same pool share their free units, as x86 and Arm do.
        as_of: the date of the price, YYYY-MM-DD.
        source: where it was taken from, and AWS's own page.
    """

    name: str
    unit: str
    tiers: tuple[tuple[float | None, float], ...]
    free_each_month: float
    free_pool: str
    as_of: str
    source: str

    def dollars(self, units: float, *, free_tier: bool = False) -> float:
        """Return what this many units in one month cost.

        Raises:
            LabError: the number is negative, or larger than the price book goes.
        """
        if units < 0:
            raise self._unpriced(f"{units:,g} is less than nothing.")
        if free_tier:
            units = max(0.0, units - self.free_each_month)
        total, counted = 0.0, 0.0
        for up_to, dollars_per_unit in self.tiers:
            reached = units if up_to is None else min(units, up_to)
            total += (reached - counted) * dollars_per_unit
            counted = reached
        if counted < units:
            raise self._unpriced(f"the price book ends at {counted:,g}, and this is {units:,g}.")
        return total

    def _unpriced(self, cause: str) -> LabError:
        return LabError(
            doing=f"pricing the {self.unit}",
            cause=cause,
            next_step=f"Use another number, or AWS's own price: {self.source}.",
        )


@cache
def price(name: str) -> Price:
    """Return an entry of the price book, such as "s3-storage".

    Raises:
        LabError: there is no such entry.
    """
    book = json.loads(PRICE_BOOK.read_text(encoding="utf-8"))
    if name not in book["prices"]:
        raise LabError(
            doing=f"looking up the price of {name}",
            cause="it is not in the price book.",
            next_step=f"Use one of: {', '.join(sorted(book['prices']))}.",
        )
    entry = book["prices"][name]
    return Price(
        name=name,
        unit=entry["unit"],
        tiers=tuple((up_to, dollars) for up_to, dollars in entry["tiers"]),
        free_each_month=entry["free_each_month"],
        free_pool=entry.get("free_pool", name),
        as_of=entry["as_of"],
        source=book["sources"][entry["source"]],
    )


def gb_seconds(requests: float, *, billed_ms: float, memory_mb: int) -> float:
    """Return the GB-seconds of invocations: their billed time, times their memory (02_memory_and_cost).

    Args:
        requests: how many invocations.
        billed_ms: billed duration of one of them.
        memory_mb: the function's memory. As in AWS's own sums, 1,024 MB are a GB.
    """
    return requests * billed_ms / 1000 * memory_mb / 1024


def dollars_of(units: Mapping[str, float], *, free_tier: bool = False) -> dict[str, float]:
    """Return what each amount of one month costs.

    Args:
        units: amounts by the names of their prices.
        free_tier: whether the free units are taken off, once for each pool.
    """
    left: dict[str, float] = {}
    dollars = {}
    for name, amount in sorted(units.items()):
        entry = price(name)
        pool = left.setdefault(entry.free_pool, entry.free_each_month if free_tier else 0.0)
        free = min(amount, pool)
        left[entry.free_pool] = pool - free
        dollars[name] = entry.dollars(amount - free)
    return dollars


def lambda_dollars(
    requests: float,
    *,
    billed_ms: float,
    memory_mb: int,
    architecture: str = "x86_64",
    free_tier: bool = False,
) -> float:
    """Return what a month of Lambda costs: requests and GB-seconds (notebook 00_start_here).

    Args:
        requests: invocations in the month.
        billed_ms: billed duration of one of them.
        memory_mb: the function's memory.
        architecture: "x86_64" or "arm64".
        free_tier: whether the free requests and GB-seconds are taken off.
    """
    used = gb_seconds(requests, billed_ms=billed_ms, memory_mb=memory_mb)
    request_price, duration_price = price("lambda-request"), price(f"lambda-gb-second-{architecture}")
    return request_price.dollars(requests, free_tier=free_tier) + duration_price.dollars(
        used, free_tier=free_tier
    )


def concurrency_dollars(
    environments: int,
    *,
    memory_mb: int,
    seconds: float,
    busy_share: float,
    provisioned: bool,
    architecture: str = "x86_64",
) -> float:
    """Return what execution environments cost, without the price of the requests (notebook 03_concurrency).

    Args:
        environments: how many there are.
        memory_mb: the function's memory.
        seconds: how long they are there. Provisioned, less than five minutes are charged as five minutes.
        busy_share: the part of this time in which they run a handler, 0 to 1.
        provisioned: they are kept ready (provisioned concurrency); else only the busy time is charged.
        architecture: "x86_64" or "arm64".
    """
    gigabytes = environments * memory_mb / 1024
    busy = gigabytes * seconds * busy_share
    if not provisioned:
        return price(f"lambda-gb-second-{architecture}").dollars(busy)
    kept = gigabytes * max(seconds, PROVISIONED_LEAST_SECONDS)
    standing, running = (
        price(f"lambda-provisioned-{name}-{architecture}") for name in ("standing-gb-second", "gb-second")
    )
    return standing.dollars(kept) + running.dollars(busy)


def storage_dollars(name: str, size_bytes: float) -> float:
    """Return what it costs to keep this many bytes for a month, at "s3-storage" or "logs-storage"."""
    return price(name).dollars(size_bytes / BYTES_PER_GB)
