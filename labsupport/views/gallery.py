"""A gallery of photos before and after, as one PNG (notebook 05_s3_thumbnails).

A thumbnail is drawn pixel by pixel. A larger original is scaled down to fit beside it, and its real size
stands in words below. The page is light, so that it reads the same in a light and in a dark theme.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

from PIL import Image, ImageDraw, ImageFont

from labsupport.views.font import font
from labsupport.views.png import Picture
from labsupport.views.preview import Preview, on_checkerboard, preview

Pair = tuple[bytes, bytes | None]

SCALE = 2  # dots for each pixel that is shown, so that it is sharp on today's screens
SIDE = 128  # of the square that a picture stands in
GAP, MARGIN, LINE = 26, 12, 17
COLUMN, ROW = 2 * SIDE + GAP + 2 * MARGIN, SIDE + 5 * LINE
PAPER, INK, PALE, FRAME = "#f8fafc", "#0f172a", "#475569", "#94a3b8"


def gallery(pairs: Mapping[str, Pair], *, columns: int = 3) -> Picture:
    """Draw originals beside their thumbnails, by name. A thumbnail that doesn't exist is None."""
    columns = max(1, min(columns, len(pairs)))
    rows = max(1, -(-len(pairs) // columns))
    width, height = columns * COLUMN + MARGIN, rows * ROW + MARGIN
    page = Image.new("RGB", (SCALE * width, SCALE * height), PAPER)
    words = []
    for number, (name, (before, after)) in enumerate(pairs.items()):
        row, column = divmod(number, columns)
        shown = preview(before), preview(after)
        _draw_pair(page, MARGIN + column * COLUMN, MARGIN + row * ROW, name, shown)
        words.append(f"{name}: {shown[0]}. Thumbnail: {shown[1]}.")
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    picture = Picture(buffer.getvalue(), alt="\n".join(words))
    picture.width = width
    return picture


def _draw_pair(page: Image.Image, x: int, y: int, name: str, pair: tuple[Preview, Preview]) -> None:
    draw, bold = ImageDraw.Draw(page), font(SCALE * 13, bold=True)
    draw.text((SCALE * x, SCALE * y), _fitting(name, bold, COLUMN - 2 * MARGIN), INK, bold)
    top, right = y + LINE + 6, x + SIDE + GAP
    for left, shown in zip((x, right), pair, strict=True):
        _draw_picture(page, left, top, shown)
        # Why there is no picture stands in its place.
        lines = (shown.note if shown.image else "", shown.pixels, shown.weight)
        text = "\n".join(line for line in lines if line)
        below = (SCALE * left, SCALE * (top + SIDE + 4))
        draw.multiline_text(below, text, PALE, font(SCALE * 11), spacing=2 * SCALE)
    _draw_arrow(draw, x + SIDE + 5, right - 5, top + SIDE // 2)


def _draw_picture(page: Image.Image, x: int, y: int, shown: Preview) -> None:
    draw = ImageDraw.Draw(page)
    middle = (SCALE * (x + SIDE // 2), SCALE * (y + SIDE // 2))
    if shown.image is None:
        box = (SCALE * x, SCALE * y, SCALE * (x + SIDE) - 1, SCALE * (y + SIDE) - 1)
        draw.rectangle(box, None, FRAME, SCALE)
        draw.text(middle, shown.note, INK, font(SCALE * 11), anchor="mm")
        return
    picture = on_checkerboard(shown.fitted(SIDE, SCALE), 8 * SCALE)
    left, top = middle[0] - picture.width // 2, middle[1] - picture.height // 2
    page.paste(picture, (left, top))
    draw.rectangle((left - 1, top - 1, left + picture.width, top + picture.height), None, FRAME)


def _draw_arrow(draw: ImageDraw.ImageDraw, start: int, end: int, y: int) -> None:
    start, end, y, head = SCALE * start, SCALE * end, SCALE * y, SCALE * 4
    draw.line((start, y, end, y), PALE, SCALE)
    draw.polygon([(end, y), (end - head, y - head), (end - head, y + head)], PALE)


def _fitting(text: str, face: ImageFont.FreeTypeFont, width: int) -> str:
    """Cut a name in its middle, so that its beginning and its extension can still be read."""
    shown = text = " ".join(text.split())
    for kept in range(len(text) - 1, 4, -1):
        if face.getlength(shown) <= SCALE * width:
            break
        shown = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
    return shown
