"""The typeface of drawn pictures: the one that matplotlib brings, the same on every machine."""

from __future__ import annotations

from functools import cache

from matplotlib import font_manager
from PIL import ImageFont


@cache
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return DejaVu Sans, which has Vietnamese letters, at a size in dots."""
    wanted = font_manager.FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
    return ImageFont.truetype(font_manager.findfont(wanted), size)
