"""Traffic curves of a day priced on Lambda and on always-on servers, and where the two prices cross."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labsupport.server_comparison import PricedDay
from labsupport.views.png import Picture, as_png

LAMBDA_COLOUR, SERVER_COLOUR, INK = "#b45309", "#1d4ed8", "#1f2937"
SHOWN_LOADS = 400


def traffic_curves(days: Sequence[PricedDay], *, server_requests_per_second: float) -> Picture:
    """Draw one panel for each day: its traffic, the capacity that is paid for, and both prices."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    panels = figure.subplots(1, len(days), squeeze=False, sharey=True)[0]  # equal areas are equal traffic
    for axes, day in zip(panels, days, strict=True):
        _traffic(axes, day, day.servers * server_requests_per_second)
    panels[0].set_ylim(0, 1.15 * max(day.servers for day in days) * server_requests_per_second)
    panels[0].set_ylabel("requests per second", color=INK)
    prices = "; ".join(
        f"{day.name}: Lambda ${day.lambda_dollars:,.2f} a month, {_servers(day.servers)} "
        f"${day.server_dollars:,.2f}"
        for day in days
    )
    return as_png(figure, alt=f"Requests per second by hour of the day. {prices}.")


def cost_curves(
    lambda_dollars: Callable[[float], float],
    server_dollars: Callable[[float], float],
    *,
    up_to_requests_per_second: float,
    crossing: float | None,
) -> Picture:
    """Draw what a month costs against a steady load.

    Args:
        lambda_dollars, server_dollars: dollars a month for a load in requests per second.
        up_to_requests_per_second: the right end.
        crossing: the first load at which Lambda costs as much as the servers, or None.
    """
    loads = np.linspace(0, up_to_requests_per_second, SHOWN_LOADS)
    on_lambda = np.array([lambda_dollars(load) for load in loads])
    on_servers = np.array([server_dollars(load) for load in loads])
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(loads, on_lambda, color=LAMBDA_COLOUR, linewidth=2.5)
    axes.step(loads, on_servers, color=SERVER_COLOUR, linewidth=2.5, linestyle="--", where="post")
    axes.fill_between(loads, on_lambda, on_servers, where=on_lambda < on_servers, color="#fde68a", alpha=0.6)
    axes.annotate(
        "Lambda", (loads[-1], on_lambda[-1]), (6, 0), textcoords="offset points", color=LAMBDA_COLOUR
    )
    axes.annotate(
        "always-on\nservers", (loads[-1], on_servers[-1]), (6, 0), textcoords="offset points",
        color=SERVER_COLOUR, va="center",
    )  # fmt: skip
    if crossing is not None:
        _mark_crossing(axes, crossing, lambda_dollars(crossing))
    axes.set_xlim(0, up_to_requests_per_second)
    axes.set_ylim(bottom=0)
    _label(axes, "steady load, requests per second", "dollars a month")
    axes.set_title("Lambda is cheaper where the background is coloured", loc="left", color=INK, fontsize=11)
    where = (
        "They don't cross." if crossing is None else f"They first cross at {crossing:,.1f} requests a second."
    )
    return as_png(figure, alt=f"Dollars a month on Lambda and on always-on servers by steady load. {where}")


def _traffic(axes: Axes, day: PricedDay, capacity: float) -> None:
    hours = np.arange(25)
    axes.stairs(day.requests_per_second, hours, fill=True, color=LAMBDA_COLOUR, alpha=0.75)
    axes.axhline(capacity, color=SERVER_COLOUR, linestyle="--", linewidth=2)
    axes.annotate(
        f"{_servers(day.servers)}, all day",
        (24, capacity), (-4, 4), textcoords="offset points", ha="right", color=SERVER_COLOUR,
    )  # fmt: skip
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 24, 6), [f"{hour}:00" for hour in range(0, 24, 6)])
    _label(axes, "", "")
    prices = f"Lambda ${day.lambda_dollars:,.2f}  ·  servers ${day.server_dollars:,.2f}  a month"
    axes.set_title(f"{day.name}\n{prices}", loc="left", color=INK, fontsize=11, parse_math=False)


def _mark_crossing(axes: Axes, load: float, dollars: float) -> None:
    axes.plot([load], [dollars], "o", color=INK, markersize=8)
    axes.annotate(
        f"same price at {load:,.1f} requests a second:\n${dollars:,.2f} a month",
        (load, dollars), (14, -34), textcoords="offset points", color=INK,
    )  # fmt: skip


def _label(axes: Axes, below: str, beside: str) -> None:
    axes.set_xlabel(below, color=INK)
    axes.set_ylabel(beside, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e5e7eb")
    axes.set_axisbelow(True)


def _servers(number: int) -> str:
    return f"{number} server" if number == 1 else f"{number} servers"
