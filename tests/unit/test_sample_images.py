from __future__ import annotations

import functools
import io
import unicodedata
import warnings
from urllib.parse import quote_plus

import pytest
from PIL import Image, ImageOps, UnidentifiedImageError

from labsupport import sample_images

good = functools.cache(sample_images.good_photos)  # drawn for who tests them, not for each that collects
bad = functools.cache(sample_images.bad_files)
TRAITS = {
    "grace_hopper.jpg": ("JPEG", "RGB", (512, 600)),
    "cats/ảnh mèo 1+2.jpg": ("JPEG", "RGB", (400, 400)),
    "turned_by_exif.jpg": ("JPEG", "RGB", (480, 320)),
    "cmyk.jpg": ("JPEG", "CMYK", (480, 320)),
    "panorama.jpg": ("JPEG", "RGB", (1600, 200)),
    "palette.png": ("PNG", "P", (480, 320)),
    "transparent.png": ("PNG", "RGBA", (300, 300)),
    "sixteen_bit.png": ("PNG", "I;16", (320, 320)),
    "tiny.png": ("PNG", "RGB", (40, 40)),
    "landscape.webp": ("WEBP", "RGB", (480, 320)),
    "transparent.webp": ("WEBP", "RGBA", (300, 300)),
    "animation.gif": ("GIF", "P", (300, 200)),
}


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_every_photo_has_the_trait_that_it_stands_for() -> None:
    found = {
        name: (opened(data).format, opened(data).mode, opened(data).size) for name, data in good().items()
    }
    assert found == TRAITS


def test_the_same_bytes_come_every_time() -> None:
    assert sample_images.good_photos() == good()
    assert sample_images.bad_files() == bad()


def test_the_photograph_itself_names_the_source_that_the_credit_names() -> None:
    comment = opened(sample_images.photograph()).info["comment"].decode()
    assert comment.endswith("File:Grace_Hopper.jpg")
    assert "File:Grace_Hopper.jpg" in sample_images.PHOTO_CREDIT


def test_one_name_changes_when_it_is_url_encoded_and_is_written_as_s3_would_get_it() -> None:
    name = "cats/ảnh mèo 1+2.jpg"
    assert quote_plus(name, safe="/") == "cats/%E1%BA%A3nh+m%C3%A8o+1%2B2.jpg"
    assert all(unicodedata.is_normalized("NFC", name) for name in good())


def test_the_turned_photo_lies_on_its_side_until_the_exif_field_is_applied() -> None:
    stored = opened(good()["turned_by_exif.jpg"])
    upright = ImageOps.exif_transpose(stored)
    assert upright.size == (320, 480)
    sky, meadow = upright.getpixel((20, 10)), upright.getpixel((160, 470))
    assert sky[2] > meadow[2] and sky[2] > 200


@pytest.mark.parametrize("name", ["transparent.png", "transparent.webp"])
def test_transparent_pictures_have_clear_half_clear_and_opaque_pixels(name: str) -> None:
    alpha = opened(good()[name]).getchannel("A")
    histogram = alpha.histogram()
    assert histogram[0] > 1000 and histogram[255] > 1000 and sum(histogram[20:235]) > 1000


def test_the_sixteen_bit_picture_has_more_shades_than_eight_bits_hold() -> None:
    picture = opened(good()["sixteen_bit.png"])
    assert len({picture.getpixel((x, 160)) for x in range(320)}) > 150
    assert picture.getextrema()[1] > 255


def test_the_animation_moves() -> None:
    picture = opened(good()["animation.gif"])
    assert picture.n_frames == 3
    first = picture.convert("RGB").tobytes()
    picture.seek(2)
    assert picture.convert("RGB").tobytes() != first


def test_the_cut_off_photo_begins_well_and_ends_too_early() -> None:
    with pytest.raises(OSError, match="truncated"):
        opened(bad()["cut_off.jpg"]).load()


def test_neither_the_empty_file_nor_the_list_is_an_image() -> None:
    assert bad()["empty.png"] == b""
    for name in ("empty.png", "shopping_list.jpg"):
        with pytest.raises(UnidentifiedImageError):
            opened(bad()[name])


def test_the_bomb_is_small_and_huge() -> None:
    assert len(bad()["bomb.png"]) < 60_000
    with pytest.raises(Image.DecompressionBombError, match="400000000 pixels"):
        opened(bad()["bomb.png"])


def test_a_bomb_is_a_valid_png_to_its_last_pixel() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = opened(sample_images.decompression_bomb(1001, 33))
        picture.verify()
        picture = opened(sample_images.decompression_bomb(1001, 33))
        picture.load()
    assert (picture.size, picture.getextrema()) == ((1001, 33), (0, 0))
