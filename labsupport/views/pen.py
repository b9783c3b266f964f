"""A pen for pictures that are drawn many times a second: bars, hatches, crosses and words, on the dot.

Lengths are in pixels as shown; a picture has `SCALE` dots for each of them. A bar is as high as `BAR`, and
lies around its `y`.
"""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from labsupport.views.font import font
from labsupport.views.png import Picture

SCALE = 2  # so that it is sharp on today's screens
BAR = 18
ARM = 4  # of a cross
STRIPES, DASH = 7, 3
PAPER, INK, PALE = "#ffffff", "#0f172a", "#475569"


class Pen:
    """Draw on white paper."""

    def __init__(self, width: float, height: float) -> None:
        self._image = Image.new("RGB", _at(width, height), PAPER)
        self._draw = ImageDraw.Draw(self._image)

    def picture(self, *, alt: str) -> Picture:
        """Return what was drawn. `alt` says in words what it shows."""
        file = io.BytesIO()
        self._image.save(file, "PNG", compress_level=4)  # half the time of the best one
        return Picture(file.getvalue(), alt=alt)

    def text(
        self, x: float, y: float, text: str, ink: str = INK, *, size: int = 12, bold: bool = False,
        anchor: str = "lm",
    ) -> float:  # fmt: skip
        """Write at a point, and return where the text ends. Anchors are Pillow's: "lm" is left, middle."""
        face = font(SCALE * size, bold=bold)
        self._draw.text(_at(x, y), text, ink, face, anchor=anchor)
        return x + face.getlength(text) / SCALE

    def line(self, left: float, top: float, right: float, bottom: float, ink: str = PALE) -> None:
        """Draw a line from point to point."""
        self._draw.line((*_at(left, top), *_at(right, bottom)), ink, SCALE)

    def bar(self, left: float, y: float, right: float, fill: str, edge: str, text: str = "") -> None:
        """Draw a bar, with a text in it if there is room."""
        self._draw.rectangle((*_at(left, y - BAR / 2), *_at(right, y + BAR / 2)), fill, edge, SCALE)
        self._inside(left, y, right, text, fill)

    def hatched_bar(self, left: float, y: float, right: float, fill: str, edge: str, text: str = "") -> None:
        """Draw a bar that can be told from the others without colour."""
        self.bar(left, y, right, fill, edge)
        self._hatch(left, y - BAR / 2, right, y + BAR / 2, edge)
        self._inside(left, y, right, text, PAPER)

    def column(
        self, left: float, top: float, right: float, bottom: float, fill: str, edge: str, *, hatched: bool
    ) -> None:  # fmt: skip
        """Draw a column of a chart, hatched or plain."""
        self._draw.rectangle((*_at(left, top), *_at(right, bottom)), fill, edge, SCALE)
        if hatched:
            self._hatch(left, top, right, bottom, edge)

    def dot(self, x: float, y: float, ink: str, *, hollow: bool) -> None:
        """Draw a dot, filled or hollow."""
        self._draw.ellipse((*_at(x - 3, y - 3), *_at(x + 3, y + 3)), PAPER if hollow else ink, ink, SCALE)

    def _hatch(self, left: float, top_y: float, right: float, bottom_y: float, edge: str) -> None:
        (x0, top), (x1, bottom) = _at(left, top_y), _at(right, bottom_y)
        width, height = max(1, x1 - x0), max(1, bottom - top)
        stripes = Image.new("1", (width, height))
        draw = ImageDraw.Draw(stripes)
        for x in range(-height, width, STRIPES * SCALE):
            draw.line((x, height, x + height, 0), 1, SCALE)
        self._image.paste(edge, (x0, top), stripes)

    def dashed_bar(self, left: float, y: float, right: float, ink: str = PALE) -> None:
        """Draw the outline of a bar whose end is not known yet."""
        for edge in (y - BAR / 2, y + BAR / 2):
            for x in range(int(left), int(right), 2 * DASH):
                self.line(x, edge, min(x + DASH, right), edge, ink)
        self.line(left, y - BAR / 2, left, y + BAR / 2, ink)

    def cross(self, x: float, y: float, ink: str) -> None:
        """Draw a cross."""
        for up in (-ARM, ARM):
            self._draw.line((*_at(x - ARM, y - up), *_at(x + ARM, y + up)), ink, 2 * SCALE)

    def _inside(self, left: float, y: float, right: float, text: str, paper: str) -> None:
        middle, half = (left + right) / 2, font(SCALE * 11).getlength(text) / SCALE / 2 + 5
        if text and right - left >= 2 * half + 4:
            box = (*_at(middle - half, y - 7), *_at(middle + half, y + 7))
            self._draw.rounded_rectangle(box, 3 * SCALE, paper)
            self.text(middle, y, text, size=11, anchor="mm")


def _at(x: float, y: float) -> tuple[int, int]:
    return round(SCALE * x), round(SCALE * y)
