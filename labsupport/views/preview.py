"""What can be shown of an image file: a small picture, its size, and a word on what the picture hides."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFile

MAX_PREVIEW_PIXELS = 40_000_000
"""A picture with more is not decoded here: it would take the memory of the learner's machine."""

EXIF_ORIENTATION = 0x0112
CHECKS = ("#ffffff", "#d5dbe3")


@dataclass(frozen=True)
class Preview:
    """A file, as far as it can be shown.

    Attributes:
        image: the stored pixels made small, RGBA; None where there is nothing to show.
        size: width and height in the file, in pixels; None where it names none.
        note: format and what the picture doesn't show, or why there is no picture.
        size_bytes: of the file; None where there is no file.
    """

    image: Image.Image | None
    size: tuple[int, int] | None
    note: str
    size_bytes: int | None

    def __str__(self) -> str:
        return ", ".join(word for word in (self.note, self.pixels, self.weight) if word)

    @property
    def pixels(self) -> str:
        """The size in words, "" without one."""
        return f"{self.size[0]:,} × {self.size[1]:,} px" if self.size else ""

    @property
    def weight(self) -> str:
        """The number of bytes in words, "" without a file."""
        return "" if self.size_bytes is None else f"{self.size_bytes:,} bytes"

    def as_png(self, side: int, scale: int) -> bytes:
        """Return the picture as PNG on a checkerboard, fitted into a square."""
        buffer = io.BytesIO()
        on_checkerboard(self.fitted(side, scale), 8 * scale).save(buffer, "PNG")
        return buffer.getvalue()

    def fitted(self, side: int, scale: int) -> Image.Image:
        """Return the picture as it is shown in a square of `side`, at `scale` dots for each pixel.

        It is never shown larger than it is, so that a small picture looks small.
        """
        if self.image is None or self.size is None:
            raise ValueError("there is no picture")
        share = min(1.0, side / max(self.size))
        width, height = (max(1, round(length * share)) * scale for length in self.size)
        return self.image.resize((width, height), Image.Resampling.BICUBIC)


def preview(data: bytes | None, side: int = 256) -> Preview:
    """Look at a file's bytes; None stands for a file that doesn't exist. It never raises."""
    if data is None:
        return Preview(None, None, "no thumbnail", None)
    if not data:
        return Preview(None, None, "empty file", 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's word on large pictures: the size is checked here
            file = Image.open(io.BytesIO(data))
            if file.width * file.height > MAX_PREVIEW_PIXELS:
                return Preview(None, file.size, "too large to show", len(data))
            size, note = file.size, _note(file)
            return Preview(_decoded(file, side), size, note, len(data))
    except Image.DecompressionBombError:
        return Preview(None, None, "far too many pixels", len(data))
    except Exception:  # damaged bytes make Pillow's readers fail in many ways
        return Preview(None, None, "not a whole picture", len(data))


def on_checkerboard(picture: Image.Image, square: int) -> Image.Image:
    """Lay a picture on a checkerboard, which is seen where the picture is transparent."""
    board = Image.new("RGBA", picture.size, CHECKS[0])
    draw = ImageDraw.Draw(board)
    for left in range(0, board.width, square):
        for top in range(0, board.height, square):
            if (left + top) // square % 2:
                draw.rectangle((left, top, left + square - 1, top + square - 1), CHECKS[1])
    board.alpha_composite(picture)
    return board


def _note(image: Image.Image) -> str:
    frames = getattr(image, "n_frames", 1)
    traits = [f"{image.format} {image.mode}"]
    if frames > 1:
        traits.append(f"{frames} frames")
    if image.getexif().get(EXIF_ORIENTATION, 1) != 1:
        traits.append("EXIF turn")
    return ", ".join(traits)


def _decoded(file: ImageFile.ImageFile, side: int) -> Image.Image:
    """Return the stored pixels; the EXIF orientation is not applied."""
    file.draft(None, (2 * side, 2 * side))
    file.load()
    image: Image.Image = file
    if image.mode.startswith("I"):  # 16 bits: Pillow's own conversion turns all above 255 white
        image = image.point(lambda value: value * (1 / 257)).convert("L")
    image = image.convert("RGBA")
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return image
