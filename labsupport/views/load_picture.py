"""A load as a picture: answers by outcome above, latencies below, time from left to right.

The outcomes are told apart without colour too: 2xx is plain, 429 is hatched, anything else is dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from labsupport.http_samples import OUTCOMES, HttpSample, Load, percentile
from labsupport.views.pen import PALE, Pen
from labsupport.views.png import SHOWN_WIDTH, Picture

MARGIN, LEFT, RIGHT = 16, 66, SHOWN_WIDTH - 20
TOP, FLOOR = 46, 196
LATENCY_TOP, LATENCY_FLOOR = 240, 330
HEIGHT = 390
GRID = "#e2e8f0"
FILLS = {"2xx": ("#dbeafe", "#1d4ed8"), "429": ("#ffffff", "#b91c1c"), "other": ("#334155", "#0f172a")}
NAMES = {"2xx": "2xx", "429": "429 Too Many Requests", "other": "another status, or no answer"}
MOST_COLUMNS = 40
STEPS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


def load_picture(load: Load) -> Picture:
    """Draw a load, also one that is still going on."""
    return _Page(load).draw()


class _Page:
    def __init__(self, load: Load) -> None:
        self._load = load
        end = max(load.seconds, load[-1].due if load else 0.0, 1.0)
        self._step = next((step for step in STEPS if end / step <= MOST_COLUMNS), STEPS[-1])
        columns = int(end / self._step) + 1
        self._buckets: list[list[HttpSample]] = [[] for _ in range(columns)]
        for sample in load.answered:
            self._buckets[min(columns - 1, int((sample.answered or 0.0) / self._step))].append(sample)
        self._width = (RIGHT - LEFT) / columns
        self._pen = Pen(SHOWN_WIDTH, HEIGHT)

    def draw(self) -> Picture:
        self._pen.text(MARGIN, 18, _title(self._load), size=13, bold=True)
        self._draw_answers()
        self._draw_latencies()
        self._draw_legend()
        return self._pen.picture(alt=f"{self._load!r}.")

    def _draw_answers(self) -> None:
        most = max((len(bucket) for bucket in self._buckets), default=0) / self._step
        most = _rounded_up(max(most, 1.0))
        self._axis("answers a second", TOP, FLOOR, f"{most:g}")
        for number, bucket in enumerate(self._buckets):
            y: float = FLOOR
            for outcome in OUTCOMES:
                count = sum(sample.outcome == outcome for sample in bucket)
                height = count / self._step / most * (FLOOR - TOP)
                if count:
                    self._column(number, y - height, y, outcome)
                y -= height

    def _column(self, number: int, top: float, bottom: float, outcome: str) -> None:
        left = LEFT + number * self._width
        fill, edge = FILLS[outcome]
        self._pen.column(left + 1, top, left + self._width - 1, bottom, fill, edge, hatched=outcome == "429")

    def _draw_latencies(self) -> None:
        taken = [[s.latency for s in bucket if s.outcome == "2xx"] for bucket in self._buckets]
        slowest = _rounded_up(max([*(percentile(each, 0.95) for each in taken), 0.001]) * 1000)
        self._axis(_percentiles(self._load), LATENCY_TOP, LATENCY_FLOOR, f"{slowest:g} ms")
        for share, dashed in ((0.5, False), (0.95, True)):
            points = [
                (
                    LEFT + (number + 0.5) * self._width,
                    LATENCY_FLOOR - percentile(each, share) * 1000 / slowest * (LATENCY_FLOOR - LATENCY_TOP),
                )
                for number, each in enumerate(taken)
                if each
            ]
            self._draw_line(points, dashed)
        for second in _seconds(self._step * len(self._buckets)):
            x = LEFT + second / self._step * self._width
            self._pen.text(x, LATENCY_FLOOR + 12, f"{second:g} s", PALE, anchor="mm")

    def _draw_line(self, points: Sequence[tuple[float, float]], dashed: bool) -> None:
        for (x0, y0), (x1, y1) in pairwise(points):
            end = 0.5 if dashed else 1.0
            self._pen.line(x0, y0, x0 + (x1 - x0) * end, y0 + (y1 - y0) * end, FILLS["2xx"][1])
        for x, y in points:
            self._pen.dot(x, y, FILLS["2xx"][1], hollow=dashed)

    def _axis(self, name: str, top: float, floor: float, most: str) -> None:
        self._pen.text(LEFT, top - 10, name, PALE)
        self._pen.line(LEFT, top, RIGHT, top, GRID)
        self._pen.line(LEFT, floor, RIGHT, floor)
        self._pen.text(LEFT - 6, top, most, PALE, anchor="rm")
        self._pen.text(LEFT - 6, floor, "0", PALE, anchor="rm")

    def _draw_legend(self) -> None:
        x, y = float(MARGIN), HEIGHT - 20
        for outcome in OUTCOMES:
            fill, edge = FILLS[outcome]
            self._pen.column(x, y - 7, x + 14, y + 7, fill, edge, hatched=outcome == "429")
            x = self._pen.text(x + 20, y, NAMES[outcome], PALE) + 18
        for name, hollow in (("p50", False), ("p95", True)):
            self._pen.dot(x + 6, y, FILLS["2xx"][1], hollow=hollow)
            x = self._pen.text(x + 16, y, name, PALE) + 16


def _title(load: Load) -> str:
    if not load.answered:
        return f"{len(load)} requests, none answered yet"
    return repr(load).partition(". ")[0]


def _percentiles(load: Load) -> str:
    shares = {"p50": load.p50, "p95": load.p95, "p99": load.p99}
    values = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in shares.items() if seconds)
    return f"latency of 2xx: {values}" if values else "latency of 2xx"


def _rounded_up(value: float) -> float:
    """Return a round number that is not smaller: 1, 1.5, 2, 3, 5, 7, 10, 15 ..."""
    size = 1.0
    while True:
        for step in (1, 1.5, 2, 3, 5, 7):
            if step * size >= value:
                return step * size
        size *= 10


def _seconds(end: float) -> list[float]:
    step = next((step for step in (1, 2, 5, 10, 20, 60, 120) if end / step <= 10), 300)
    return [float(second) for second in range(0, int(end) + 1, step)]
