"""A burst of calls as a picture: time from left to right, a row for each execution environment.

A bar is a call: hatched while the environment runs its Init phase, plain while the handler runs. A cross is
a 429: no environment for this call. Everything also shows without colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from labsupport.burst import Burst, BurstCall
from labsupport.views.pen import ARM, PALE, Pen
from labsupport.views.png import SHOWN_WIDTH, Picture

MARGIN, LABELS, LAST_TICK = 16, 150, SHOWN_WIDTH - 44
TITLE, ROW, LANE, AXIS, LEGEND = 36, 24, 15, 24, 30
SHORTEST_WAY = 4  # that is drawn
GRID, REFUSED = "#e2e8f0", "#b91c1c"
HANDLER, INIT = ("#dbeafe", "#1d4ed8"), ("#fef3c7", "#b45309")
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300)
MOST_TICKS = 9

Row = list[BurstCall]


def burst_picture(burst: Burst) -> Picture:
    """Draw a burst, also one that is still going on."""
    return _Page(burst).draw()


class _Page:
    def __init__(self, burst: Burst) -> None:
        self._burst = burst
        self._rows = _rows(burst)
        self._step, self._end = _ticks(burst.seconds)
        self._per_second = (LAST_TICK - LABELS) / self._end
        self._lanes = list(_lanes(burst.refusals, 3 * ARM / self._per_second))
        self._lanes_top = TITLE + ROW * len(self._rows) + 8 * bool(self._lanes)
        self._floor = self._lanes_top + LANE * len(self._lanes)
        self._pen = Pen(SHOWN_WIDTH, self._floor + AXIS + LEGEND)

    def draw(self) -> Picture:
        self._pen.text(MARGIN, TITLE / 2, repr(self._burst), size=13, bold=True)
        self._draw_axis()
        for number, row in enumerate(self._rows):
            y = TITLE + ROW * (number + 0.5)
            self._pen.text(MARGIN, y, self._label(row[0]))
            for call in row:
                self._draw_call(call, y)
        self._draw_refusals()
        if not self._burst.is_over:
            now = self._x(self._burst.seconds)
            self._pen.line(now, TITLE, now, self._floor)
        self._draw_legend(self._floor + AXIS + LEGEND / 2)
        return self._pen.picture(alt=_in_words(self._burst))

    def _x(self, seconds: float) -> float:
        return LABELS + seconds * self._per_second

    def _draw_axis(self) -> None:
        for number in range(round(self._end / self._step) + 1):
            x = self._x(number * self._step)
            self._pen.line(x, TITLE, x, self._floor, GRID)
            self._pen.text(x, self._floor + AXIS / 2, f"{number * self._step:g} s", PALE, anchor="mm")
        self._pen.line(LABELS, self._floor, SHOWN_WIDTH - MARGIN, self._floor)

    def _draw_call(self, call: BurstCall, y: float) -> None:
        sent = self._x(call.sent or 0.0)
        if call.answered is None:
            self._pen.dashed_bar(sent, y, max(sent + 3, self._x(self._burst.seconds)))
            return
        if self._has_way(call):
            self._pen.line(sent, y, self._x(call.began), y)
        handler, answered = self._x(call.handler_began), self._x(call.answered)
        if call.init_seconds is not None:
            words = f"Init {call.init_seconds:.2f} s"
            self._pen.hatched_bar(self._x(call.began), y, handler, *INIT, words)
        fill, edge = HANDLER
        words = call.error_type or f"{call.duration_seconds:.2f} s"
        end = max(answered, handler + 3)
        self._pen.bar(handler, y, end, fill, REFUSED if call.error_type else edge, words)

    def _has_way(self, call: BurstCall) -> bool:
        return (call.began - (call.sent or 0.0)) * self._per_second >= SHORTEST_WAY

    def _draw_refusals(self) -> None:
        if self._lanes:
            middle = (self._lanes_top + self._floor) / 2
            self._pen.text(MARGIN, middle, f"no environment: {len(self._burst.refusals)}", REFUSED)
        for number, lane in enumerate(self._lanes):
            for moment in lane:
                self._pen.cross(self._x(moment), self._lanes_top + LANE * (number + 0.5), REFUSED)

    def _draw_legend(self, y: float) -> None:
        """Explain what is in this picture, and nothing else."""
        pen, x, answered = self._pen, float(LABELS), self._burst.answered
        if any(map(self._has_way, answered)):
            pen.line(x, y, x + 22, y)
            x = pen.text(x + 29, y, "on its way", PALE) + 22
        if self._burst.cold_starts:
            pen.hatched_bar(x, y, x + 22, *INIT)
            x = pen.text(x + 29, y, "Init phase (cold start)", PALE) + 22
        if answered:
            pen.bar(x, y, x + 22, *HANDLER)
            x = pen.text(x + 29, y, "handler", PALE) + 22
        if any(call.is_under_way for call in self._burst):
            pen.dashed_bar(x, y, x + 22)
            x = pen.text(x + 29, y, "no answer yet", PALE) + 22
        if self._lanes:
            pen.cross(x + ARM, y, REFUSED)
            pen.text(x + 3 * ARM + 3, y, "429 TooManyRequestsException", PALE)

    def _label(self, call: BurstCall) -> str:
        if call.environment is None:
            return "…" if call.answered is None else "environment ?"
        kind = "environment"
        if any(each.provisioned for each in self._burst):
            kind = "provisioned" if call.provisioned else "on demand"
        return f"{kind} {_short(call.environment)}"


def _rows(burst: Burst) -> list[Row]:
    """Return a row for each environment, in the order of first use, then the calls without an answer.

    Provisioned environments come first. A call under way takes the row of an environment that is idle, if
    there is one: so does Lambda.
    """
    rows = sorted(burst.environments.values(), key=lambda row: not row[0].provisioned)
    for call in burst:
        if call.is_under_way:
            idle = [row for row in rows if _ended(row) <= (call.sent or 0.0)]
            if idle:
                max(idle, key=_ended).append(call)
            else:
                rows.append([call])
    return rows


def _ended(row: Row) -> float:
    return float("inf") if row[-1].answered is None else row[-1].answered


def _lanes(moments: Sequence[float], apart_seconds: float) -> Iterator[list[float]]:
    """Spread crosses over lanes, so that none covers another."""
    rest = list(moments)
    while rest:
        lane, others = list[float](), list[float]()
        for moment in rest:
            fits = not lane or moment - lane[-1] >= apart_seconds
            (lane if fits else others).append(moment)
        yield lane
        rest = others


def _ticks(seconds: float) -> tuple[float, float]:
    """Return the distance of the axis' ticks, and its end."""
    seconds = max(seconds, 1.0)
    step = next((step for step in STEPS if seconds / step < MOST_TICKS), STEPS[-1])
    return step, step * -(-seconds // step)


def _in_words(burst: Burst) -> str:
    lines = [f"{burst!r}."]
    for environment, calls in burst.environments.items():
        bars = "; ".join(
            f"{call.sent or 0:.2f} to {call.answered or 0:.2f} s"
            + ("" if call.init_seconds is None else f" with {call.init_seconds:.2f} s of Init phase")
            for call in calls
        )
        lines.append(f"Environment {_short(environment)}: {bars}.")
    return " ".join(lines)


def _short(stream: str) -> str:
    """Return the first characters of an environment's own part of the log stream's name."""
    return stream.rpartition("]")[2][:4]
