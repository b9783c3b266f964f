"""What a notebook's Setup cell says of money, before anything is built."""

from __future__ import annotations

import atexit

from labsupport.cost import price
from labsupport.course_usage import AT_MOST_TIMES, course_usage, recorded_on
from labsupport.learning.progress import Progress
from labsupport.meter import Meter
from labsupport.settings import DEFAULT_REGION, Settings
from labsupport.spending import LEDGER, Ceiling, Ledger
from labsupport.target import Target


def watch_spending(target: Target, meter: Meter, settings: Settings) -> Ceiling | None:
    """Return the ceiling that the settings set, which holds from now on; None without one."""
    if settings.max_usd is None:
        return None
    ledger = Ledger(Progress(settings.home / LEDGER), target)
    ceiling = Ceiling(target, meter, ledger, settings.max_usd)
    atexit.register(ceiling.keep)  # what the last minute has cost
    return ceiling


def price_before(notebook: str, ceiling: Ceiling) -> str:
    """Return what this notebook costs, as far as it can be known, and what is left below the ceiling."""
    known = course_usage().get(notebook)
    lines = []
    if known is not None:
        dates = sorted(price(name).as_of for name in known.usage.units)
        of = f"prices of {DEFAULT_REGION}" + (f", {dates[0]} and later" if dates else "")
        lines.append(
            f"This notebook costs about ${known.at_most_dollars():.2f} at most: {AT_MOST_TIMES} times what "
            f"it used on the local cloud on {recorded_on()}, in whole cents ({of}; no free tier; without "
            "what functions call themselves)."
        )
        if known.unpriced:
            services = sorted({name.partition(" ")[0] for name in known.unpriced})
            lines.append(f"The price book has no prices for calls of: {', '.join(services)}.")
    lines.append(
        f"Spent so far: about ${ceiling.spent:.2f} of the ${ceiling.max_usd:.2f} that LAB_MAX_USD allows."
    )
    return "\n".join(lines)
