"""Real image files for tests, as bytes. All but the photograph are drawn here."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import matplotlib.cbook
from PIL import Image, ImageDraw

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def photo() -> bytes:
    """Return the photograph that matplotlib ships: a JPEG of 512 × 600 pixels."""
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        return Path(file.name).read_bytes()


def four_corners(width: int = 400, height: int = 300) -> Image.Image:
    """Draw four quarters: red, green / blue, white."""
    image = Image.new("RGB", (width, height), WHITE)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill=RED)
    draw.rectangle((width // 2, 0, width, height // 2 - 1), fill=GREEN)
    draw.rectangle((0, height // 2, width // 2 - 1, height), fill=BLUE)
    return image


def encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    """Return the image as a file in this format."""
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def decoded(data: bytes) -> Image.Image:
    """Return a decoded image."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def four_corners_turned(orientation: int, image_format: str = "JPEG") -> bytes:
    """Store four_corners as a turned camera does: other pixels, and the EXIF tag that puts them right."""
    stored_as = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = four_corners() if stored_as is None else four_corners().transpose(stored_as)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if image_format == "JPEG" else {}
    return encoded(image, image_format, exif=exif, **options)


def disc(mode: str, size: int = 200) -> Image.Image:
    """Draw a red disc, fully opaque, on a fully transparent ground. Mode RGBA, LA or P (255 transparent)."""
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((20, 20, size - 20, size - 20), fill=(255, 0, 0, 255))
    if mode == "RGBA":
        return image
    if mode == "LA":
        return image.convert("LA")
    palette = Image.new("P", (size, size), 255)
    palette.putpalette([255, 0, 0] + [0, 0, 0] * 255)
    palette.paste(0, (0, 0), image.getchannel("A"))
    return palette


def half_transparent_palette_png() -> bytes:
    """Return a palette PNG whose tRNS chunk gives each colour an alpha of its own: 0, 128 and 255."""
    image = Image.new("P", (300, 100))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    for index in range(3):
        image.paste(index, (100 * index, 0, 100 * index + 100, 100))
    return encoded(image, "PNG", transparency=bytes([0, 128, 255]))


def colour_key_png(mode: str) -> bytes:
    """Return a PNG without an alpha channel that names one colour as transparent: its left half."""
    left, right = {"RGB": (GREEN, RED), "L": (7, 200), "I;16": (30_000, 60_000)}[mode]
    pixels = {
        "RGB": bytes,
        "L": lambda value: bytes([value]),
        "I;16": lambda value: struct.pack("<H", value),
    }[mode]
    image = Image.frombytes(mode, (200, 200), (pixels(left) * 100 + pixels(right) * 100) * 200)
    return encoded(image, "PNG", transparency=left)


def gradient_16_bit_png(width: int = 512, height: int = 64) -> bytes:
    """Return a grey PNG of 16 bits a pixel, from black at the left to white at the right."""
    row = struct.pack(f"<{width}H", *(x * 65535 // (width - 1) for x in range(width)))
    return encoded(Image.frombytes("I;16", (width, height), row * height), "PNG")


def cmyk_jpeg(**options: Any) -> bytes:
    """Return a JPEG in printing colours: cyan, magenta, yellow and black quarters."""
    image = Image.new("CMYK", (400, 400), (255, 0, 0, 0))
    image.paste((0, 255, 0, 0), (200, 0, 400, 200))
    image.paste((0, 0, 255, 0), (0, 200, 200, 400))
    image.paste((0, 0, 0, 255), (200, 200, 400, 400))
    return encoded(image, "JPEG", quality=95, **options)


def animation(image_format: str, *colours: tuple[int, int, int]) -> bytes:
    """Return an animated GIF or WebP, or a multi-picture JPEG (MPO), one plain picture per colour."""
    frames = [Image.new("RGB", (300, 200), colour) for colour in colours]
    return encoded(frames[0], image_format, save_all=True, append_images=frames[1:])


def swapped_colours_profile() -> bytes:
    """Return an ICC profile in which a file's red means green, and its green means red."""
    # The colorants of sRGB for the D50 white point, with the first two exchanged.
    green, red, blue = (0.3851, 0.7169, 0.0971), (0.4361, 0.2225, 0.0139), (0.1431, 0.0606, 0.7141)
    gamma = b"curv" + bytes(4) + struct.pack(">IH", 1, int(2.2 * 256)) + bytes(2)
    tags = {"rXYZ": green, "gXYZ": red, "bXYZ": blue}
    colorants = {name: b"XYZ " + bytes(4) + _fixed(*xyz) for name, xyz in tags.items()}
    return _icc_profile(b"mntr", b"RGB ", b"XYZ ", {**colorants, "rTRC": gamma, "gTRC": gamma, "bTRC": gamma})


def red_cyan_ink_profile() -> bytes:
    """Return an ICC profile for four inks, of which the first is red and the others print nothing."""
    white, red = bytes([255, 128, 128]), bytes([138, 209, 198])  # CIELAB in 8 bits
    straight = bytes(range(256))
    # A lut8Type with two grid points an ink; the first ink varies slowest.
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table += straight * 4 + white * 8 + red * 8 + straight * 3
    return _icc_profile(b"prtr", b"CMYK", b"Lab ", {"A2B0": table + bytes(-len(table) % 4)})


def _icc_profile(device: bytes, colours: bytes, connection: bytes, tags: dict[str, bytes]) -> bytes:
    tags = {
        **tags,
        "wtpt": b"XYZ " + bytes(4) + _fixed(0.9642, 1.0, 0.8249),
        "desc": b"desc" + bytes(4) + struct.pack(">I", 8) + b"testing\0" + bytes(80),
        "cprt": b"text" + bytes(4) + b"none\0" + bytes(3),
    }
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name.encode() + struct.pack(">II", offset + len(body), len(value))
        body += value
    header = (
        struct.pack(">I4s4s", offset + len(body), b"none", b"\x02\x10\0\0") + device + colours + connection
    )
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(0.9642, 1.0, 0.8249)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def bomb_png(width: int = 20_000, height: int = 20_000) -> bytes:
    """Return a small PNG, correct in every byte, that decodes to width × height pixels."""
    row = bytes(1 + (width + 7) // 8)
    compressor = zlib.compressobj(9)
    pixels = b"".join(compressor.compress(row) for _ in range(height)) + compressor.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def truncated(data: bytes, part: float = 0.5) -> bytes:
    """Return the beginning of a file, as an upload leaves it that breaks off."""
    return data[: int(len(data) * part)]
