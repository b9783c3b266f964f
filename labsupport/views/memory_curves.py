"""Duration and cost against memory, of CPU-bound and of I/O-bound work, in one picture."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import NullLocator

from labsupport.memory_curve import VCPU_MEMORY_MB, MemoryCurve, MemorySetting
from labsupport.views.png import Picture, as_png

INK, GREY = "#1f2937", "#475569"
RING_POINTS = 18
RINGED = "Ringed: within 10 % of the"
FAR_RIGHT_MB = 20_000  # beyond any setting


@dataclass(frozen=True)
class Line:
    """How one kind of work is drawn: told apart by name, line and marker, and only then by colour."""

    name: str
    colour: str
    style: str
    marker: str


CPU = Line("CPU-bound", "#b45309", "-", "o")
IO = Line("I/O-bound", "#1d4ed8", "--", "s")
Curves = list[tuple[Line, MemoryCurve]]
Points = list[tuple[int, float]]


def memory_curves(cpu_bound: MemoryCurve, io_bound: MemoryCurve) -> Picture:
    """Draw the duration above and the cost below. Both curves must have the same settings."""
    curves = [(CPU, cpu_bound), (IO, io_bound)]
    return as_png(memory_figure(curves), alt=_in_words(curves))


def memory_figure(curves: Curves) -> Figure:
    """Return the picture as a figure of two panels. The first curve is the CPU-bound one."""
    cpu_bound = curves[0][1]
    figure = Figure(figsize=(10, 8), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    for axes in (above, below):
        axes.axvspan(VCPU_MEMORY_MB, FAR_RIGHT_MB, color="#f1f5f9", zorder=0)
        axes.axvline(VCPU_MEMORY_MB, color=GREY, linewidth=1.2, zorder=1)
    _expected(above, cpu_bound)
    _values(above, curves, lambda each: each.duration_ms / 1000, "{:,.2f} s", MemoryCurve.fastest)
    _values(below, curves, lambda each: each.million_dollars, "${:,.2f}", MemoryCurve.cheapest)
    _title(above, f"Duration of a warm invocation. {RINGED} fastest. Dotted: as the CPU share predicts")
    _title(below, f"Cost of a million of them. {RINGED} cheapest")
    above.annotate(
        "1,769 MB: one vCPU.\nOne thread can't use more.", (VCPU_MEMORY_MB, 1), (6, -4), va="top",
        xycoords=("data", "axes fraction"), textcoords="offset points", color=GREY, fontsize=10,
    )  # fmt: skip
    memory = [setting.memory_mb for setting in cpu_bound.settings]
    below.set_xscale("log", base=2)
    below.set_xlim(memory[0] / 1.25, memory[-1] * 1.7)
    below.set_xticks(memory, [f"{each:,}" for each in memory])
    below.xaxis.set_minor_locator(NullLocator())
    below.set_xlabel("memory in MB (all scales are logarithmic: equal steps are equal factors)", color=INK)
    return figure


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", color=INK, fontsize=12)


def _values(
    axes: Axes,
    curves: Curves,
    value: Callable[[MemorySetting], float],
    unit: str,
    best: Callable[[MemoryCurve], Collection[MemorySetting]],
) -> None:
    """Draw both lines, and a number at each point: above the higher one, below the lower one."""
    for (line, curve), (_, other) in (curves, curves[::-1]):
        points = [(each.memory_mb, value(each)) for each in curve.settings]
        _line(axes, line, points, [(each.memory_mb, value(each)) for each in best(curve)])
        for point, opposite in zip(points, other.settings, strict=True):
            _number(axes, unit.format(point[1]), point, line.colour, up=point[1] >= value(opposite))
    axes.set_yscale("log")
    axes.margins(y=0.2)
    axes.yaxis.set_major_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.spines[["top", "right", "left"]].set_visible(False)


def _line(axes: Axes, line: Line, points: Points, ringed: Points) -> None:
    look: dict[str, Any] = {"color": line.colour, "marker": line.marker, "markeredgewidth": 2}
    dots: dict[str, Any] = {"markersize": 8, "markerfacecolor": "white"}
    rings: dict[str, Any] = {"markersize": RING_POINTS, "fillstyle": "none"}
    axes.plot(*zip(*points, strict=True), linestyle=line.style, linewidth=2.5, **dots, **look)
    axes.plot(*zip(*ringed, strict=True), linestyle="none", **rings, **look)
    axes.annotate(
        line.name, points[-1], (16, 0), textcoords="offset points",
        color=line.colour, va="center", fontsize=12, fontweight="bold",
    )  # fmt: skip


def _number(axes: Axes, text: str, point: tuple[int, float], colour: str, *, up: bool) -> None:
    axes.annotate(
        text, point, (0, 13 if up else -13), textcoords="offset points", ha="center",
        va="bottom" if up else "top", color=colour, fontsize=10.5, parse_math=False,
        path_effects=[withStroke(linewidth=3, foreground="white")],
    )  # fmt: skip


def _expected(axes: Axes, curve: MemoryCurve) -> None:
    """Draw work ÷ CPU share. On logarithmic scales it is straight, with a corner at one vCPU."""
    memory = sorted({VCPU_MEMORY_MB, *(each.memory_mb for each in curve.settings)})
    axes.plot(memory, [curve.expected_ms(each) / 1000 for each in memory], ":", color=INK, linewidth=2)


def _in_words(curves: Curves) -> str:
    """Say what the picture shows: each value, and which setting is fastest and cheapest."""
    parts = ["Duration and cost of a million invocations by memory."]
    for line, curve in curves:
        values = "; ".join(
            f"{each.memory_mb:,} MB {each.duration_ms / 1000:,.2f} s and ${each.million_dollars:,.2f}"
            for each in curve.settings
        )
        fastest, cheapest = _memory(curve.fastest()), _memory(curve.cheapest())
        parts.append(f"{line.name}: {values}.")
        parts.append(f"Within 10 % of the fastest: {fastest}; of the cheapest: {cheapest}.")
    return " ".join(parts)


def _memory(settings: Collection[MemorySetting]) -> str:
    return ", ".join(f"{each.memory_mb:,}" for each in settings) + " MB"
