"""Turn the bytes of an image into the bytes of its thumbnail. Nothing here knows about AWS."""

import io
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps

BOX = (128, 128)

# What we write, by what Pillow calls the format we read. An MPO is a JPEG with further pictures behind
# the first; many phones write it.
OUTPUT_FORMATS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP", "GIF": "GIF"}
SAVE_OPTIONS = {
    "JPEG": {"quality": 85, "optimize": True},
    "PNG": {"optimize": True},
    "WEBP": {"quality": 85},
    "GIF": {},
}

# Pillow has a limit of its own, with a warning below it. make_thumbnail checks the caller's limit instead.
Image.MAX_IMAGE_PIXELS = None


class EmptyObject(Exception):
    """There are no bytes."""


class NotAnImage(Exception):
    """The bytes don't begin like any format that we read."""


class CorruptImage(Exception):
    """The bytes begin like an image, but they can't be decoded to the end."""


class ImageTooLarge(Exception):
    """Decoding would take more memory than the function has."""


@dataclass(frozen=True)
class Thumbnail:
    """A finished thumbnail. Sizes are (width, height) in pixels."""

    data: bytes
    content_type: str
    source_size: tuple[int, int]
    size: tuple[int, int]


def make_thumbnail(data: bytes, max_pixels: int) -> Thumbnail:
    """Fit an image into BOX in its own format. An animation gives its first frame.

    The same bytes always give the same thumbnail. Raises EmptyObject, NotAnImage, CorruptImage or
    ImageTooLarge.
    """
    if not data:
        raise EmptyObject("the object has no bytes")
    if not begins_like_an_image(data):
        raise NotAnImage("this is not a JPEG, PNG, WebP or GIF image")
    source = read_header(data)
    source_size = source.size
    check_pixels(source_size, max_pixels)
    decode(source)
    output_format = OUTPUT_FORMATS[source.format]
    image = shrink(source)
    image = turn_upright(image)
    image = use_srgb(image)
    return Thumbnail(encode(image, output_format), Image.MIME[output_format], source_size, image.size)


def begins_like_an_image(data: bytes) -> bool:
    """Look at the first bytes: a file's name and Content-Type can say anything."""
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")):
        return True
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def read_header(data: bytes) -> Image.Image:
    """Read format and size. Pillow decodes no pixel yet."""
    try:
        return Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "WEBP", "GIF"])
    except MemoryError:
        raise
    except Exception as error:  # damaged bytes make Pillow's readers fail in many ways
        raise CorruptImage(f"the image's header is damaged ({one_line(error)})") from error


def check_pixels(size: tuple[int, int], max_pixels: int) -> None:
    """Refuse a decompression bomb: a small file that would fill the memory once it is decoded."""
    pixels = size[0] * size[1]
    if pixels > max_pixels:
        raise ImageTooLarge(f"{size[0]} × {size[1]} = {pixels:,} pixels, the limit is {max_pixels:,}")


def decode(image: Image.Image) -> None:
    """Decode the pixels. A big JPEG is decoded at a fraction of its size, which saves time and memory."""
    image.draft(None, (4 * BOX[0], 4 * BOX[1]))
    try:
        image.load()
    except MemoryError:
        raise
    except Exception as error:
        raise CorruptImage(f"the image is damaged or ends too early ({one_line(error)})") from error


def shrink(image: Image.Image) -> Image.Image:
    """Fit into BOX, keeping the aspect ratio. A smaller image is not enlarged."""
    image = with_smooth_colours(image)
    image.thumbnail(BOX, Image.Resampling.LANCZOS)
    return image


def with_smooth_colours(image: Image.Image) -> Image.Image:
    """Give the image 8-bit channels: the colour numbers of a palette can't be averaged."""
    if image.mode.startswith("I"):
        image = from_16_bits(image)
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def from_16_bits(image: Image.Image) -> Image.Image:
    """Scale 0-65535 down to 0-255. Pillow's own conversion would turn all above 255 white."""
    scaled = image.point(lambda value: value * (1 / 257)).convert("L")
    if "transparency" in image.info:
        scaled.info["transparency"] = image.info["transparency"] // 257
    return scaled


def turn_upright(image: Image.Image) -> Image.Image:
    """Turn the pixels as the camera's EXIF orientation says, because the thumbnail has no EXIF."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a photo with broken EXIF data is still a photo
        return image


def use_srgb(image: Image.Image) -> Image.Image:
    """Convert to sRGB, which is what a viewer assumes when a file carries no colour profile."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    profile = image.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
        except (ImageCms.PyCMSError, OSError):
            pass  # an unusable profile: the plain conversion is close enough for a thumbnail
    return image if image.mode == mode else image.convert(mode)


def encode(image: Image.Image, output_format: str) -> bytes:
    """Write the image without its metadata, which can tell where and when the photo was taken."""
    image.info = {}
    buffer = io.BytesIO()
    image.save(buffer, output_format, **SAVE_OPTIONS[output_format])
    return buffer.getvalue()


def one_line(error: Exception) -> str:
    """Return an error's text without line breaks."""
    return " ".join(str(error).split()) or type(error).__name__
