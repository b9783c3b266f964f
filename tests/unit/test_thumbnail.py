from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import ModuleType
from urllib.parse import quote_plus

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from PIL import Image

from tests import images

FUNCTION_DIR = Path(__file__).parents[2] / "functions" / "thumbnail"
SOURCE, TARGET = "photos", "thumbs"
MAX_PIXELS = 50_000_000


class FakeS3:
    """Keep objects in a dict, and count the bytes that were really read."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.content_types: dict[str, str] = {}
        self.bodies: list[io.BytesIO] = []
        self.puts = 0

    def get_object(self, *, Bucket: str, Key: str) -> dict:
        if (Bucket, Key) not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no such key"}}, "GetObject")
        data = self.objects[Bucket, Key]
        self.bodies.append(io.BytesIO(data))
        return {"ContentLength": len(data), "Body": StreamingBody(self.bodies[-1], len(data))}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:
        self.puts += 1
        self.objects[Bucket, Key] = Body
        self.content_types[Key] = ContentType


@pytest.fixture(scope="module")
def function() -> ModuleType:
    """Import the handler as Lambda does: its folder on sys.path, its settings in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FUNCTION_DIR)
        patch.setenv("TARGET_BUCKET", TARGET)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        for name in ("AWS_PROFILE", "MAX_PIXELS", "MAX_OBJECT_BYTES"):
            patch.delenv(name, raising=False)
        patch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)  # the function lifts Pillow's limit
        import handler

        yield handler
    for name in ("handler", "thumbnail"):
        del sys.modules[name]


@pytest.fixture
def s3(function, monkeypatch) -> FakeS3:
    fake = FakeS3()
    monkeypatch.setattr(function, "s3", fake)
    return fake


@pytest.fixture
def thumbnail(function) -> ModuleType:
    return sys.modules["thumbnail"]


def event_for(*keys: str, bucket: str = SOURCE) -> dict:
    return {
        "Records": [
            {"s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/")}}} for key in keys
        ]
    }


def shrunk(thumbnail: ModuleType, data: bytes) -> Image.Image:
    return images.decoded(thumbnail.make_thumbnail(data, MAX_PIXELS).data)


def close(pixel, colour, tolerance: int = 30) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, colour, strict=True))


def corners(image: Image.Image, inset: int = 10) -> list[tuple[int, int, int]]:
    """Return the colours at top left, top right, bottom left and bottom right."""
    rgb, right, bottom = image.convert("RGB"), image.width - inset, image.height - inset
    return [rgb.getpixel(at) for at in ((inset, inset), (right, inset), (inset, bottom), (right, bottom))]


def is_four_corners(image: Image.Image) -> bool:
    expected = (images.RED, images.GREEN, images.BLUE, images.WHITE)
    return all(close(pixel, colour) for pixel, colour in zip(corners(image), expected, strict=True))


# The picture


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_thumbnail_keeps_the_format_and_the_picture(thumbnail, image_format):
    result = thumbnail.make_thumbnail(images.encoded(images.four_corners(), image_format), MAX_PIXELS)
    image = images.decoded(result.data)
    assert image.format == image_format
    assert result.content_type == f"image/{image_format.lower()}"
    assert (result.source_size, result.size, image.size) == ((400, 300), (128, 96), (128, 96))
    assert is_four_corners(image)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((512, 512), (128, 128)),
        ((1000, 500), (128, 64)),
        ((500, 1000), (64, 128)),
        ((300, 200), (128, 85)),
        ((129, 10), (128, 10)),
        ((5000, 3), (128, 1)),
        ((128, 128), (128, 128)),
        ((60, 20), (60, 20)),
        ((1, 1), (1, 1)),
    ],
    ids=lambda size: f"{size[0]}x{size[1]}",
)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_a_thumbnail_fits_its_box_and_is_never_enlarged(thumbnail, image_format, size, expected):
    data = images.encoded(Image.new("RGB", size, images.GREEN), image_format)
    assert shrunk(thumbnail, data).size == expected


def test_a_real_photograph_becomes_a_small_copy_of_itself(thumbnail):
    result = thumbnail.make_thumbnail(images.photo(), MAX_PIXELS)
    small, original = images.decoded(result.data), images.decoded(images.photo())
    assert result.source_size == (512, 600)
    assert small.size == (109, 128)
    assert len(result.data) < 8_000
    reference = original.resize(small.size, Image.Resampling.BOX)
    for at in ((54, 30), (20, 110), (100, 20), (60, 90)):
        assert close(
            small.resize((27, 32)).getpixel((at[0] // 4, at[1] // 4)),
            reference.resize((27, 32)).getpixel((at[0] // 4, at[1] // 4)),
            25,
        )


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_cameras_orientation_is_applied(thumbnail, orientation, image_format):
    image = shrunk(thumbnail, images.four_corners_turned(orientation, image_format))
    assert image.size == (128, 96)
    assert is_four_corners(image)
    assert image.getexif().get(0x0112, 1) == 1


def test_broken_exif_data_does_not_cost_the_photo_its_thumbnail(thumbnail):
    data = images.encoded(images.four_corners(), "WEBP", exif=b"Exif\0\0this is no EXIF")
    assert is_four_corners(shrunk(thumbnail, data))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(images.encoded(images.disc("RGBA"), "PNG"), id="RGBA PNG"),
        pytest.param(images.encoded(images.disc("LA"), "PNG"), id="LA PNG"),
        pytest.param(images.encoded(images.disc("P"), "PNG", transparency=255), id="palette PNG"),
        pytest.param(images.encoded(images.disc("RGBA"), "WEBP"), id="RGBA WebP"),
        pytest.param(images.encoded(images.disc("P"), "GIF", transparency=255), id="GIF"),
    ],
)
def test_a_transparent_corner_stays_transparent(thumbnail, data):
    image = shrunk(thumbnail, data).convert("RGBA")
    assert image.size == (128, 128)
    assert image.getpixel((2, 2))[3] == 0
    assert image.getpixel((64, 64))[3] == 255
    red, green, blue, _ = image.getpixel((64, 64))
    grey = images.decoded(data).mode == "LA"
    assert (red == green == blue) if grey else close((red, green, blue), images.RED)


def test_the_hidden_colour_of_transparent_pixels_does_not_bleed_into_the_edge(thumbnail):
    green_below = Image.new("RGBA", (200, 200), (0, 255, 0, 0))
    green_below.paste((255, 0, 0, 255), (0, 0, 99, 200))
    image = shrunk(thumbnail, images.encoded(green_below, "PNG"))
    edge = [image.getpixel((x, 64)) for x in range(60, 68)]
    assert any(0 < alpha < 255 for *_, alpha in edge)
    assert all(green < 10 for _, green, _, alpha in edge if alpha > 20)


def test_a_palette_with_an_alpha_for_each_colour_keeps_all_of_them(thumbnail):
    image = shrunk(thumbnail, images.half_transparent_palette_png())
    assert [image.getpixel((x, 20))[3] for x in (10, 64, 118)] == [0, 128, 255]


@pytest.mark.parametrize("mode", ["RGB", "L", "I;16"])
def test_a_colour_named_as_transparent_becomes_transparent(thumbnail, mode):
    image = shrunk(thumbnail, images.colour_key_png(mode))
    assert (image.getpixel((10, 64))[3], image.getpixel((118, 64))[3]) == (0, 255)


def test_a_16_bit_gradient_is_still_a_gradient(thumbnail):
    image = shrunk(thumbnail, images.gradient_16_bit_png()).convert("L")
    values = [image.getpixel((x, 8)) for x in range(128)]
    assert all(abs(value - x * 255 / 127) <= 3 for x, value in enumerate(values))


def test_printing_colours_become_screen_colours(thumbnail):
    image = shrunk(thumbnail, images.cmyk_jpeg())
    assert image.mode == "RGB"
    cyan, magenta, yellow, black = corners(image)
    assert close(cyan, (0, 255, 255), 40)
    assert close(magenta, (255, 0, 255), 40)
    assert close(yellow, (255, 255, 0), 40)
    assert close(black, (0, 0, 0), 40)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_an_embedded_colour_profile_is_applied_and_dropped(thumbnail, mode):
    picture = Image.new("RGB", (200, 200), images.RED).convert(mode)
    data = images.encoded(picture, "PNG", icc_profile=images.swapped_colours_profile())
    image = shrunk(thumbnail, data)
    assert close(image.convert("RGB").getpixel((64, 64)), images.GREEN)
    assert "icc_profile" not in image.info


@pytest.mark.parametrize(
    "profile", [b"no profile", images.swapped_colours_profile()[:150]], ids=["text", "cut"]
)
def test_an_unusable_colour_profile_is_ignored(thumbnail, profile):
    data = images.encoded(images.four_corners(), "JPEG", icc_profile=profile)
    assert is_four_corners(shrunk(thumbnail, data))


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "MPO"])
def test_an_animation_or_a_series_gives_its_first_picture(thumbnail, image_format):
    image = shrunk(thumbnail, images.animation(image_format, images.RED, images.GREEN, images.BLUE))
    assert getattr(image, "n_frames", 1) == 1
    assert image.format == {"MPO": "JPEG"}.get(image_format, image_format)
    assert close(image.convert("RGB").getpixel((64, 40)), images.RED)


def test_no_metadata_is_copied(thumbnail):
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    data = images.encoded(images.four_corners(), "JPEG", exif=exif, comment=b"at home")
    result = thumbnail.make_thumbnail(data, MAX_PIXELS).data
    assert b"a camera" in data
    assert b"a camera" not in result
    assert b"at home" not in result


# What is refused


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        pytest.param(b"", "EmptyObject", "no bytes", id="empty"),
        pytest.param(b"hello", "NotAnImage", "not a JPEG, PNG", id="text"),
        pytest.param(b"%PDF-1.7\n" + bytes(500), "NotAnImage", "not a JPEG, PNG", id="PDF"),
        pytest.param(images.encoded(images.four_corners(), "TIFF"), "NotAnImage", "not a JPEG", id="TIFF"),
        pytest.param(
            images.truncated(images.photo(), 0.5), "CorruptImage", "ends too early", id="half a JPEG"
        ),
        pytest.param(
            images.truncated(images.photo(), 0.01), "CorruptImage", "damaged", id="a JPEG's first bytes"
        ),
        pytest.param(
            images.truncated(images.encoded(images.disc("RGBA"), "PNG")),
            "CorruptImage",
            "damaged",
            id="half a PNG",
        ),
        pytest.param(
            images.truncated(images.encoded(images.four_corners(), "WEBP")),
            "CorruptImage",
            "damaged",
            id="half a WebP",
        ),
        pytest.param(
            images.truncated(images.encoded(images.four_corners(), "GIF")),
            "CorruptImage",
            "damaged",
            id="half a GIF",
        ),
        pytest.param(
            b"\x89PNG\r\n\x1a\n" + bytes(100), "CorruptImage", "header", id="a PNG's signature alone"
        ),
    ],
)
def test_what_is_no_usable_image_is_refused_by_name(thumbnail, data, error, message):
    with pytest.raises(getattr(thumbnail, error), match=message) as caught:
        thumbnail.make_thumbnail(data, MAX_PIXELS)
    assert type(caught.value).__name__ == error
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("side", "message"), [(20_000, "400,000,000 pixels"), (10_000, "limit is 50,000,000")]
)
def test_a_bomb_is_too_large(thumbnail, side, message):
    with pytest.raises(thumbnail.ImageTooLarge, match=message):
        thumbnail.make_thumbnail(images.bomb_png(side, side), MAX_PIXELS)


def test_a_bomb_is_refused_before_it_is_decoded(thumbnail, monkeypatch):
    decoded = []
    monkeypatch.setattr(thumbnail, "decode", decoded.append)
    with pytest.raises(thumbnail.ImageTooLarge):
        thumbnail.make_thumbnail(images.bomb_png(), MAX_PIXELS)
    assert decoded == []


def test_a_big_jpeg_is_decoded_at_a_fraction_of_its_size(thumbnail):
    image = thumbnail.read_header(images.encoded(images.four_corners(4000, 3000), "JPEG"))
    thumbnail.decode(image)
    assert image.size == (1000, 750)


def test_the_pixel_limit_is_inclusive(thumbnail):
    data = images.encoded(images.four_corners(), "PNG")
    assert thumbnail.make_thumbnail(data, 400 * 300).size == (128, 96)
    with pytest.raises(thumbnail.ImageTooLarge):
        thumbnail.make_thumbnail(data, 400 * 300 - 1)


# The handler


@pytest.mark.parametrize(
    ("key", "target_key"),
    [
        ("raw/a.jpg", "thumbnails/a.jpg"),
        ("raw/2026/11/a.jpg", "thumbnails/2026/11/a.jpg"),
        ("raw/ảnh mèo 1+2.jpg", "thumbnails/ảnh mèo 1+2.jpg"),
        ("raw/100%25 a&b=c.jpg", "thumbnails/100%25 a&b=c.jpg"),
        ("raw/raw/a.jpg", "thumbnails/raw/a.jpg"),
        ("raw/no extension", "thumbnails/no extension"),
    ],
)
def test_a_key_arrives_url_encoded_and_keeps_its_path(function, s3, key, target_key):
    s3.objects[SOURCE, key] = images.photo()
    assert function.handler(event_for(key), None) == {"thumbnails": [target_key]}
    assert images.decoded(s3.objects[TARGET, target_key]).size == (109, 128)
    assert s3.content_types[target_key] == "image/jpeg"


def test_the_sample_event_works(function, s3):
    event = json.loads((FUNCTION_DIR / "event.json").read_text())
    record = event["Records"][0]
    assert (record["eventVersion"], record["eventName"]) == ("2.6", "ObjectCreated:Put")
    s3.objects[record["s3"]["bucket"]["name"], "raw/ảnh mèo 1+2.jpg"] = images.photo()
    assert function.handler(event, None) == {"thumbnails": ["thumbnails/ảnh mèo 1+2.jpg"]}


def test_two_images_that_differ_in_the_extension_alone_get_two_thumbnails(function, s3):
    s3.objects[SOURCE, "raw/a.jpg"] = images.photo()
    s3.objects[SOURCE, "raw/a.png"] = images.encoded(images.four_corners(), "PNG")
    s3.objects[SOURCE, "raw/a.gif"] = images.encoded(images.four_corners(), "GIF")
    s3.objects[SOURCE, "raw/a.gif.png"] = images.encoded(images.disc("RGBA"), "PNG")
    written = function.handler(event_for("raw/a.jpg", "raw/a.png", "raw/a.gif", "raw/a.gif.png"), None)
    assert len(set(written["thumbnails"])) == 4


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(images.photo(), id="JPEG"),
        pytest.param(images.encoded(images.disc("RGBA"), "PNG"), id="PNG"),
        pytest.param(images.encoded(images.disc("RGBA"), "WEBP"), id="WebP"),
        pytest.param(images.encoded(images.disc("P"), "GIF", transparency=255), id="GIF"),
    ],
)
def test_the_same_event_twice_writes_the_same_bytes(function, s3, data):
    s3.objects[SOURCE, "raw/a"] = data
    function.handler(event_for("raw/a"), None)
    first = s3.objects.pop((TARGET, "thumbnails/a"))
    function.handler(event_for("raw/a"), None)
    assert s3.puts == 2
    assert s3.objects[TARGET, "thumbnails/a"] == first


def test_the_log_has_one_line_of_json_for_an_object(function, s3, capsys):
    s3.objects[SOURCE, "raw/ảnh.jpg"] = images.photo()
    function.handler(event_for("raw/ảnh.jpg"), None)
    (line,) = capsys.readouterr().out.splitlines()
    fields = json.loads(line)
    assert fields.pop("ms") >= 0
    assert fields == {
        "key": "raw/ảnh.jpg",
        "target_key": "thumbnails/ảnh.jpg",
        "source_size": [512, 600],
        "target_size": [109, 128],
        "bytes_in": len(images.photo()),
        "bytes_out": len(s3.objects[TARGET, "thumbnails/ảnh.jpg"]),
    }
    assert "ảnh" in line


@pytest.mark.parametrize(
    ("bucket", "key", "reason"),
    [
        (TARGET, "thumbnails/a.jpg", "a thumbnail that I wrote myself"),
        (SOURCE, "other/a.jpg", "not under raw/"),
        (SOURCE, "raw", "not under raw/"),
        (SOURCE, "thumbnails/a.jpg", "not under raw/"),
        (SOURCE, "raw/2026/", "a folder"),
    ],
    ids=["own output", "other prefix", "no prefix", "other bucket", "folder"],
)
def test_what_is_none_of_its_business_is_skipped_with_a_log_line(function, s3, capsys, bucket, key, reason):
    s3.objects[bucket, key] = images.photo()
    assert function.handler(event_for(key, bucket=bucket), None) == {"thumbnails": []}
    assert s3.puts == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert reason in json.loads(line)["skipped"]
    assert json.loads(line)["key"] == key


def test_one_bucket_for_both_ends_does_not_loop(function, s3):
    s3.objects[TARGET, "raw/a.jpg"] = images.photo()
    pending, invocations = ["raw/a.jpg"], 0
    while pending and invocations < 10:
        invocations += 1
        # Each thumbnail that is written into the bucket causes the next event.
        pending = function.handler(event_for(*pending, bucket=TARGET), None)["thumbnails"]
    assert invocations == 2
    assert s3.puts == 1


def test_the_test_event_of_s3_is_tolerated(function, s3):
    event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": SOURCE}
    assert function.handler(event, None) == {"thumbnails": []}


def test_a_refused_object_raises_its_own_error_and_logs_one_line(function, s3, capsys):
    s3.objects[SOURCE, "raw/a.jpg"] = images.truncated(images.photo())
    with pytest.raises(Exception, match="ends too early") as caught:
        function.handler(event_for("raw/a.jpg"), None)
    assert type(caught.value).__name__ == "CorruptImage"
    (line,) = capsys.readouterr().out.splitlines()
    fields = json.loads(line)
    assert (fields["error"], fields["key"], fields["bucket"]) == ("CorruptImage", "raw/a.jpg", SOURCE)
    assert "ends too early" in fields["reason"]
    assert s3.puts == 0


def test_an_object_above_the_byte_limit_is_not_even_downloaded(function, s3, monkeypatch):
    monkeypatch.setattr(function, "MAX_OBJECT_BYTES", len(images.photo()) - 1)
    s3.objects[SOURCE, "raw/a.jpg"] = images.photo()
    with pytest.raises(Exception, match=r"61,305") as caught:
        function.handler(event_for("raw/a.jpg"), None)
    assert type(caught.value).__name__ == "ImageTooLarge"
    assert s3.bodies[0].closed


def test_a_missing_object_is_an_error_and_not_lost(function, s3):
    with pytest.raises(ClientError, match="NoSuchKey"):
        function.handler(event_for("raw/gone.jpg"), None)


def test_a_bad_image_does_not_stop_the_others_in_its_event(function, s3, capsys):
    s3.objects[SOURCE, "raw/1.jpg"] = b""
    s3.objects[SOURCE, "raw/2.jpg"] = images.photo()
    s3.objects[SOURCE, "raw/3.jpg"] = b"text"
    with pytest.raises(function.ThumbnailsFailed) as caught:
        function.handler(event_for("raw/1.jpg", "raw/2.jpg", "raw/3.jpg", "raw/4.jpg"), None)
    message = str(caught.value)
    assert message.startswith("3 of 4 objects failed")
    assert "raw/1.jpg: EmptyObject" in message
    assert "raw/3.jpg: NotAnImage" in message
    assert "raw/4.jpg: ClientError" in message
    assert "raw/2.jpg" not in message
    assert (TARGET, "thumbnails/2.jpg") in s3.objects
    assert len(capsys.readouterr().out.splitlines()) == 4
