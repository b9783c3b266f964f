"""Sample photos for the thumbnail lessons: one real photograph, drawn ones, and files that can't be used.

Names are S3 keys without their prefix, values are the file's bytes. The drawings are made here so that each
shows one trait that a thumbnail function can get wrong. The same version of Pillow makes the same bytes.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import matplotlib
from PIL import Image, ImageDraw

PHOTO_CREDIT = (
    "Grace Hopper, computer scientist and officer of the US Navy. Public domain, from Wikimedia Commons "
    "(File:Grace_Hopper.jpg), shipped with matplotlib as sample data."
)
EXIF_ORIENTATION = 0x0112
TURN_LEFT_TO_VIEW = 8
"""The EXIF value for: the camera was held on its side, turn the stored picture a quarter to the left."""

SKY, SUN, NEAR_HILL, FAR_HILL = (125, 180, 235), (255, 214, 90), (46, 110, 78), (110, 150, 160)


def photograph() -> bytes:
    """Return the real photograph: a JPEG of 512 × 600 pixels (see PHOTO_CREDIT)."""
    return Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg").read_bytes()


def good_photos() -> dict[str, bytes]:
    """Return twelve files that become thumbnails, each with another trait."""
    view, badge = _landscape(480, 320), _badge(300)
    frames = [_landscape(300, 200, sun_at=at) for at in (0.2, 0.5, 0.8)]
    orientation = Image.Exif()
    orientation[EXIF_ORIENTATION] = TURN_LEFT_TO_VIEW
    on_its_side = _landscape(320, 480).transpose(Image.Transpose.ROTATE_270)
    return {
        "grace_hopper.jpg": photograph(),
        "cats/ảnh mèo 1+2.jpg": _file(_cat(400), "JPEG", quality=90),
        "turned_by_exif.jpg": _file(on_its_side, "JPEG", quality=90, exif=orientation),
        "cmyk.jpg": _file(view.convert("CMYK"), "JPEG", quality=90),
        "panorama.jpg": _file(_landscape(1600, 200), "JPEG", quality=90),
        "palette.png": _file(view.quantize(32), "PNG"),
        "transparent.png": _file(badge, "PNG"),
        "sixteen_bit.png": _file(_sixteen_bit_disc(320), "PNG"),
        "tiny.png": _file(_cat(40), "PNG"),
        "landscape.webp": _file(view, "WEBP", quality=85),
        "transparent.webp": _file(badge, "WEBP", quality=85),
        "animation.gif": _file(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=500),
    }


def bad_files() -> dict[str, bytes]:
    """Return four files that no thumbnail can be made of: cut off, empty, not an image, far too large."""
    photo = photograph()
    return {
        "cut_off.jpg": photo[: len(photo) // 2],
        "empty.png": b"",
        "shopping_list.jpg": b"Milk, bread, two tomatoes.\n",
        "bomb.png": decompression_bomb(),
    }


def decompression_bomb(width: int = 20_000, height: int = 20_000) -> bytes:
    """Return a PNG of some 50 KB, valid in every byte, that decodes to width × height black pixels."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)  # 1 bit a pixel, grey
    line = bytes(1 + math.ceil(width / 8))
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(line) for _ in range(height)) + packer.flush()
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(name, data) for name, data in chunks)


def _png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _file(image: Image.Image, image_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def _landscape(width: int, height: int, sun_at: float = 0.75) -> Image.Image:
    """Draw hills under a sun; `sun_at` is its place from the left edge (0) to the right (1)."""
    image = Image.new("RGB", (width, height), SKY)
    draw = ImageDraw.Draw(image)
    for y in range(height // 2):  # the sky grows lighter towards the horizon
        light = y / (height // 2)
        draw.line((0, y, width, y), tuple(round(c + (255 - c) * 0.6 * light) for c in SKY))
    middle, radius = (sun_at * width, 0.25 * height), 0.12 * height
    draw.circle(middle, radius, SUN)
    for colour, top, waves in ((FAR_HILL, 0.5, 2.3), (NEAR_HILL, 0.68, 1.4)):
        ridge = [
            (left, height * (top - 0.1 * math.sin(waves * math.tau * left / width + waves)))
            for left in range(0, width + 8, 8)
        ]
        draw.polygon([(0, height), *ridge, (width, height)], colour)
    return image


def _cat(size: int) -> Image.Image:
    """Draw the face of a ginger cat."""
    image = Image.new("RGB", (400, 400), (232, 225, 214))
    draw = ImageDraw.Draw(image)
    fur, dark, pink = (222, 148, 72), (60, 44, 36), (226, 132, 132)
    draw.polygon([(80, 190), (95, 50), (190, 115)], fur)
    draw.polygon([(320, 190), (305, 50), (210, 115)], fur)
    draw.ellipse((65, 95, 335, 345), fur)
    for x in (145, 255):
        draw.ellipse((x - 30, 165, x + 30, 225), (250, 250, 240))
        draw.ellipse((x - 12, 170, x + 12, 220), dark)
    draw.polygon([(182, 245), (218, 245), (200, 268)], pink)
    draw.arc((160, 245, 200, 295), 20, 150, dark, 5)
    draw.arc((200, 245, 240, 295), 30, 160, dark, 5)
    for rise in (-18, 0, 18):
        draw.line((150, 268, 40, 262 + rise), dark, 3)
        draw.line((250, 268, 360, 262 + rise), dark, 3)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _badge(size: int) -> Image.Image:
    """Draw a star on a disc that fades out: opaque, half transparent and transparent pixels."""
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    centre = size / 2
    for step in range(40):  # from the faint outer rim to the full disc
        radius = centre * (1 - step / 100)
        box = (centre - radius, centre - radius, centre + radius, centre + radius)
        draw.ellipse(box, (32, 120, 190, 255 * step // 39))
    radii = (0.5 * centre, 0.22 * centre)
    points = [
        (
            centre + radii[n % 2] * math.sin(n * math.pi / 5),
            centre - radii[n % 2] * math.cos(n * math.pi / 5),
        )
        for n in range(10)
    ]
    draw.polygon(points, (255, 214, 90, 255))
    return image


def _sixteen_bit_disc(size: int) -> Image.Image:
    """Shade a grey disc with 65,536 levels, as medical and astronomical pictures have them."""
    centre = size / 2
    pixels = (
        round(65_535 * max(0.0, 1 - math.hypot(x - centre, y - centre) / centre))
        for y in range(size)
        for x in range(size)
    )
    return Image.frombytes("I;16", (size, size), struct.pack(f"<{size * size}H", *pixels))
