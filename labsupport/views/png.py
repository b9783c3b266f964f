"""Figures as PNG: shown in every theme and without a kernel, with the same bytes for the same figure."""

from __future__ import annotations

import io
from typing import Any

from IPython.display import Image
from matplotlib.figure import Figure

DOTS_PER_INCH = 144  # twice what is shown, so that it is sharp on today's screens
SHOWN_WIDTH = 760


class Picture(Image):
    """A PNG with a description for those who can't see it."""

    def __init__(self, data: bytes, *, alt: str) -> None:
        super().__init__(data, format="png", width=SHOWN_WIDTH, alt=alt)  # type: ignore[no-untyped-call]

    def __repr__(self) -> str:
        return f"Picture: {self.alt}"


def as_png(figure: Figure, *, alt: str) -> Picture:
    """Draw a figure on white. `alt` says in words what it shows."""
    options: dict[str, Any] = {"facecolor": "white", "metadata": {"Software": None}}
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DOTS_PER_INCH, **options)
    return Picture(file.getvalue(), alt=alt)
