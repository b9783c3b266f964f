"""The timeline picture: execution environments as rows, their phases as bars (notebook 01_lambda_lifecycle).

Milliseconds of work and minutes of waiting have to fit into one picture. So the time in which any
environment works is drawn to scale, and the time in which all of them wait is cut to a strip that says how
long it was. A bar that would be too thin to be seen is widened. Every bar carries its duration in figures,
and differs from the others by its hatching too, so nothing is lost without colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextPath

from labsupport.environment_life import EnvironmentLife, Kind, Span
from labsupport.views.png import Picture, as_png

# Measured in points. Notebooks show the picture larger, so that its text reads like theirs.
WIDTH, LEFT, RIGHT = 590.0, 100.0, 20.0
STRIP, NARROWEST, TAIL = 72.0, 9.0, 20.0
BAR, BAND, LINE, PADDING, AXIS, TOP = 24.0, 8.0, 12.0, 10.0, 36.0, 8.0
FONT_SIZE = 8.5
SHORTEST_MS, ROUNDS = 0.01, 20
LONGEST_SCALE_BAR = 90.0
ROUND_MS = [digit * 10**power for power in range(5) for digit in (1, 2, 5)]
INK, PALE, BAD = "#1f2937", "#6b7280", "#b91c1c"


@dataclass(frozen=True)
class Look:
    """How a kind of span is drawn."""

    face: str
    hatch: str = ""


LOOKS = {
    Kind.INIT: Look("#fbbf24", "////"),
    Kind.INVOKE: Look("#2563eb"),
    Kind.SHUTDOWN: Look("#d1d5db", "xxxx"),
    Kind.FROZEN: Look("#eef2f7"),
    Kind.RESET: Look("#ffffff"),
}


class Scale:
    """Where a moment stands in the picture: a scale in pieces, straight within each piece."""

    def __init__(self, phases: Sequence[Span]) -> None:
        """Fit the phases into the picture's width."""
        moments = sorted({moment for span in phases for moment in (span.start_ms, span.end_ms)})
        self._pieces = list(pairwise(moments))
        self._inside = [
            [number for number, piece in enumerate(self._pieces) if _covers(span, *piece)] for span in phases
        ]
        busy = {number for inside in self._inside for number in inside}
        spans = [end - start for start, end in self._pieces]
        room = WIDTH - LEFT - RIGHT - TAIL
        # A short wait is not cut: a strip would make it look longer than it was.
        unit = room / max(sum(spans[number] for number in busy), SHORTEST_MS)
        self._cut = [number not in busy and spans[number] * unit > STRIP for number in range(len(spans))]
        lengths = self._fit([0.0 if cut else span for cut, span in zip(self._cut, spans, strict=True)])
        self._moments = moments
        self._places = LEFT + np.concatenate([[0.0], np.cumsum(lengths)])
        self.points_per_ms = min(
            (lengths[number] / spans[number] for number in busy), default=room / SHORTEST_MS
        )

    def place(self, moment_ms: float) -> float:
        """Return the horizontal place of a moment, in points."""
        return float(np.interp(moment_ms, self._moments, self._places))

    @property
    def cuts(self) -> list[tuple[float, float]]:
        """The times that are cut to a strip: their first and last moments."""
        return [piece for piece, cut in zip(self._pieces, self._cut, strict=True) if cut]

    @property
    def clusters(self) -> list[float]:
        """The moments at which work begins, at first and after each cut."""
        return [self._moments[0], *(end for _, end in self.cuts)]

    def _fit(self, lengths: list[float]) -> list[float]:
        """Scale what is not cut to the room there is, and widen what couldn't be seen."""
        room = WIDTH - LEFT - RIGHT - TAIL - STRIP * sum(self._cut)
        for _ in range(ROUNDS):  # widening one bar narrows the others: a few rounds settle it
            factor = room / max(sum(lengths), SHORTEST_MS)
            lengths = [length * factor for length in lengths]
            for inside in self._inside:
                shown = sum(lengths[number] for number in inside)
                if 0 < shown < NARROWEST:
                    for number in inside:
                        lengths[number] *= NARROWEST / shown
        return [STRIP if cut else length for cut, length in zip(self._cut, lengths, strict=True)]


def timeline(lives: Sequence[EnvironmentLife], *, lines: bool = False) -> Picture:
    """Draw the lives of execution environments.

    Args:
        lives: as `labsupport.timeline.read_lives` returns them; each becomes a row.
        lines: mark the moments at which the function itself wrote a line.
    """
    phases = [span for life in lives for span in life.phases]
    if not phases:
        return as_png(Figure(figsize=(WIDTH / 72, 0.5)), alt="No environment has written anything yet.")
    scale = Scale(phases)
    rows = [_Row(number, life, scale) for number, life in enumerate(lives, 1)]
    height = TOP + sum(row.height for row in rows) + AXIS
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))  # downwards, as one reads
    axes.set_axis_off()
    top = TOP
    for row in rows:
        row.draw(axes, top, lines=lines)
        top += row.height
    _draw_axis(axes, scale, top)
    return as_png(figure, alt="\n".join(row.words for row in rows))


class _Row:
    """One environment: its bars, and their labels in as many levels as they need."""

    def __init__(self, number: int, life: EnvironmentLife, scale: Scale) -> None:
        self._number, self._life, self._scale = number, life, scale
        self._bars = [(scale.place(span.start_ms), scale.place(span.end_ms)) for span in life.phases]
        self._labels = _arranged(self._bars, [_label(span) for span in life.phases])
        self._above = 2 * LINE * (1 + max(label.level for label in self._labels))
        self.height = self._above + BAR + (LINE if any(life.waits) else 0) + PADDING

    @property
    def words(self) -> str:
        spans = sorted([*self._life.phases, *self._life.waits], key=lambda span: span.start_ms)
        said = ", ".join(f"{span.kind.value} {duration(span.duration_ms)}{_why(span)}" for span in spans)
        return f"Environment {self._number}: {said}."

    def draw(self, axes: Axes, top: float, *, lines: bool) -> None:
        bar_top = top + self._above
        middle = bar_top + BAR / 2
        name, stream = f"environment {self._number}", f"…{self._life.stream[-8:]}"
        axes.text(8, middle - 1, name, color=INK, size=FONT_SIZE, va="bottom", weight="bold")
        axes.text(8, middle + 1, stream, color=PALE, size=FONT_SIZE - 1, va="top", family="monospace")
        for span in self._life.waits:
            self._draw_wait(axes, span, middle)
        self._draw_tail(axes, middle)
        for span, bar, label in zip(self._life.phases, self._bars, self._labels, strict=True):
            _draw_bar(axes, span, bar, bar_top)
            _draw_label(axes, label, sum(bar) / 2, bar_top, colour=BAD if span.failed else INK)
        for moment in self._life.lines_ms if lines else ():
            at = self._scale.place(moment)
            axes.plot([at, at], [bar_top + BAR + 1, bar_top + BAR + 7], color=INK, linewidth=1.1)

    def _draw_wait(self, axes: Axes, span: Span, middle: float) -> None:
        start, end = self._scale.place(span.start_ms), self._scale.place(span.end_ms)
        style = "-" if span.kind is Kind.FROZEN else ":"
        axes.add_patch(
            Rectangle(
                (start, middle - BAND / 2), end - start, BAND,
                facecolor=LOOKS[span.kind].face, edgecolor=PALE, linewidth=0.8, linestyle=style,
            )
        )  # fmt: skip
        text = f"{span.kind.value} {duration(span.duration_ms)}"
        if _width(text) + 4 <= end - start:
            below = middle + BAR / 2 + 2
            axes.text((start + end) / 2, below, text, color=PALE, ha="center", va="top", size=FONT_SIZE)
        for cut_start, cut_end in self._scale.cuts:
            if _covers(span, cut_start, cut_end):
                at = (self._scale.place(cut_start) + self._scale.place(cut_end)) / 2
                _draw_cut(axes, at, middle)

    def _draw_tail(self, axes: Axes, middle: float) -> None:
        """Say that the log doesn't tell what became of an environment that wrote no end."""
        if self._life.phases[-1].kind is not Kind.SHUTDOWN:
            start = self._bars[-1][1]
            axes.plot([start, start + TAIL - 8], [middle, middle], color=PALE, linewidth=1.2, linestyle=":")
            axes.text(start + TAIL - 6, middle, "?", color=PALE, size=FONT_SIZE + 1, va="center")


class _Placed(NamedTuple):
    """A label: its middle, and how many labels high it stands above its bar."""

    x: float
    text: str
    level: int


def _arranged(bars: Sequence[tuple[float, float]], texts: Sequence[str]) -> list[_Placed]:
    """Give each label a place above its bar, so that none overlaps another.

    A label is wider than a thin bar. Where two bars touch, the first one's label leans to the left and the
    second one's to the right, so that both stand above their own.
    """
    free_from: list[float] = []
    placed = []
    for number, ((start, end), text) in enumerate(zip(bars, texts, strict=True)):
        half = max(map(_width, text.splitlines())) / 2 + 2
        x = (start + end) / 2
        if 2 * half > end - start:
            if number + 1 < len(bars) and bars[number + 1][0] - end < 2 * half:
                x = end - half
            elif number and start - bars[number - 1][1] < 2 * half:
                x = start + half
        x = min(max(x, half), WIDTH - half)
        level = next((level for level, free in enumerate(free_from) if x - half >= free - 1), len(free_from))
        free_from[level : level + 1] = [x + half]
        placed.append(_Placed(x, text, level))
    return placed


def _draw_label(axes: Axes, label: _Placed, bar_middle: float, bar_top: float, *, colour: str) -> None:
    bottom = bar_top - 2 * LINE * label.level - 2
    if label.level:
        axes.plot([bar_middle, bar_middle], [bottom, bar_top], color=PALE, linewidth=0.6, zorder=1)
    axes.text(
        label.x, bottom, label.text, color=colour, ha="center", va="bottom", size=FONT_SIZE, linespacing=1.15,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5}, zorder=2,
    )  # fmt: skip


def _draw_bar(axes: Axes, span: Span, bar: tuple[float, float], top: float) -> None:
    start, end = bar
    look = LOOKS[span.kind]
    axes.add_patch(
        Rectangle(
            (start, top), end - start, BAR,
            facecolor=look.face, edgecolor=INK, hatch=look.hatch, linewidth=0.8, zorder=3,
        )
    )  # fmt: skip
    if span.failed:
        axes.plot(
            [(start + end) / 2], [top + BAR / 2], zorder=4,
            marker="X", markersize=11, color="white", markeredgecolor=BAD, markeredgewidth=1.6,
        )  # fmt: skip


def _draw_cut(axes: Axes, at: float, middle: float, *, reach: float = 7) -> None:
    """Draw the sign for a scale that is cut."""
    for offset in (-2.5, 2.5):
        stroke = [at + offset - 0.4 * reach, at + offset + 0.4 * reach], [middle + reach, middle - reach]
        axes.plot(*stroke, color="white", linewidth=3.5)
        axes.plot(*stroke, color=PALE, linewidth=1)


def _draw_axis(axes: Axes, scale: Scale, top: float) -> None:
    first = scale.clusters[0]
    axes.plot([LEFT, WIDTH - RIGHT], [top, top], color=PALE, linewidth=0.8)
    free_from = 0.0
    for moment in scale.clusters:
        at, text = scale.place(moment), "0 s" if moment == first else f"+{duration(moment - first)}"
        axes.plot([at, at], [top, top + 4], color=PALE, linewidth=0.8)
        if at - _width(text) / 2 > free_from:
            axes.text(at, top + 6, text, color=PALE, ha="center", va="top", size=FONT_SIZE)
            free_from = at + _width(text) / 2 + 6
    for start, end in scale.cuts:
        _draw_cut(axes, (scale.place(start) + scale.place(end)) / 2, top, reach=4)
    _draw_scale_bar(axes, scale.points_per_ms, top + 26)
    note = "Bars are to scale, but never too thin to be seen"
    note += ".   //: nobody worked, the time is cut" if scale.cuts else ""
    axes.text(WIDTH - RIGHT, top + 21, note, color=PALE, ha="right", va="top", size=FONT_SIZE - 1)


def _draw_scale_bar(axes: Axes, points_per_ms: float, y: float) -> None:
    milliseconds = max((each for each in ROUND_MS if each * points_per_ms <= LONGEST_SCALE_BAR), default=0)
    end = LEFT + milliseconds * points_per_ms
    if milliseconds:
        axes.plot([LEFT, LEFT, end, end], [y - 3, y, y, y - 3], color=PALE, linewidth=1)
        axes.text(end + 5, y, duration(milliseconds), color=PALE, va="center", size=FONT_SIZE - 1)


def _covers(span: Span, start_ms: float, end_ms: float) -> bool:
    return span.start_ms <= start_ms and end_ms <= span.end_ms


def _label(span: Span) -> str:
    return f"{span.kind.value}\n{duration(span.duration_ms)}{_why(span)}"


def _why(span: Span) -> str:
    return f" · {span.failed.removeprefix('Runtime.')}" if span.failed else ""


def duration(milliseconds: float) -> str:
    """Write a duration with the unit that suits it."""
    if milliseconds < 10:
        return f"{milliseconds:.2g} ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 120_000:
        return f"{milliseconds / 1000:.3g} s"
    return f"{milliseconds / 60_000:.0f} min"


def _width(text: str) -> float:
    """Return the width of a line of text, in points."""
    path = TextPath((0, 0), text, size=FONT_SIZE, prop=FontProperties(family="DejaVu Sans"))
    return float(path.get_extents().width)
