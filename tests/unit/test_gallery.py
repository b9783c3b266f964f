from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from PIL import Image, ImageColor

from labsupport.sample_images import bad_files, good_photos
from labsupport.views import gallery as gallery_module
from labsupport.views.font import font
from labsupport.views.gallery import SCALE, gallery
from labsupport.views.png import Picture
from labsupport.views.preview import CHECKS, preview

RED = (220, 20, 20)


def png(mode: str, size: tuple[int, int], colour: Sequence[int] | int) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, "PNG")  # type: ignore[arg-type]
    return buffer.getvalue()


def pixels(picture: Picture) -> dict[tuple[int, int, int], int]:
    """Count the pixels of each colour."""
    image = Image.open(io.BytesIO(picture.data))
    assert image.mode == "RGB"
    colours = image.getcolors(maxcolors=image.width * image.height)
    return {colour: count for count, colour in colours}  # type: ignore[misc]


def test_both_pictures_are_drawn_and_the_thumbnail_at_its_own_size() -> None:
    blue = (20, 20, 220)
    found = pixels(gallery({"a.png": (png("RGB", (500, 500), blue), png("RGB", (128, 64), RED))}))
    assert found[RED] == 128 * 64 * SCALE**2
    assert found[blue] == 128 * 128 * SCALE**2


def test_a_picture_that_is_smaller_than_the_box_is_not_enlarged() -> None:
    small = png("RGB", (40, 30), RED)
    assert pixels(gallery({"a.png": (small, small)}))[RED] == 2 * 40 * 30 * SCALE**2


def test_a_checkerboard_shows_through_transparent_pixels() -> None:
    clear = png("RGBA", (128, 128), (0, 0, 0, 0))
    found = pixels(gallery({"a.png": (clear, clear)}))
    light, dark = (ImageColor.getrgb(colour) for colour in CHECKS)
    assert found[dark] == 128 * 128 * SCALE**2  # half of each of the two
    assert found[light] >= found[dark]


def test_the_page_brings_its_own_light_ground_for_dark_themes() -> None:
    small = png("RGB", (40, 30), RED)
    found = pixels(gallery({"a.png": (small, small)}))
    ground = max(found, key=lambda colour: found[colour])
    written = [colour for colour in found if max(colour) < 80 and found[colour] > 50]
    assert min(ground) > 240
    assert written, "no name stands on it in dark letters"


def test_twelve_pairs_and_more_stand_in_rows() -> None:
    small = png("RGB", (40, 30), RED)
    pairs = {f"{number}.png": (small, small) for number in range(14)}
    picture = gallery(pairs, columns=3)
    assert pixels(picture)[RED] == 14 * 2 * 40 * 30 * SCALE**2
    height = Image.open(io.BytesIO(picture.data)).height
    assert height == SCALE * (5 * gallery_module.ROW + gallery_module.MARGIN)
    assert picture.width < 1000, "wider than a notebook's page"


def test_the_words_say_what_the_picture_shows() -> None:
    pair = (png("RGB", (500, 400), RED), png("RGB", (128, 102), RED))
    words = gallery({"a.png": pair}).alt
    assert words == (
        f"a.png: PNG RGB, 500 × 400 px, {len(pair[0]):,} bytes. "
        f"Thumbnail: PNG RGB, 128 × 102 px, {len(pair[1]):,} bytes."
    )


def test_the_same_photos_give_the_same_bytes() -> None:
    pairs = {name: (data, None) for name, data in good_photos().items()}
    assert gallery(pairs).data == gallery(pairs).data


def test_what_cannot_be_shown_is_named() -> None:
    words = gallery({name: (data, None) for name, data in bad_files().items()}).alt
    assert [line.split(", ")[0] for line in words.splitlines()] == [
        "cut_off.jpg: not a whole picture",
        "empty.png: empty file",
        "shopping_list.jpg: not a whole picture",
        "bomb.png: far too many pixels",
    ]
    assert words.count("Thumbnail: no thumbnail.") == 4


def test_a_picture_that_would_fill_the_memory_is_not_decoded() -> None:
    shown = preview(png("1", (8000, 8000), 1))
    assert (shown.image, shown.size, shown.note) == (None, (8000, 8000), "too large to show")


def test_a_note_says_what_the_picture_hides() -> None:
    photos = good_photos()
    notes = {name: preview(photos[name]).note for name in ("turned_by_exif.jpg", "animation.gif", "cmyk.jpg")}
    assert notes == {
        "turned_by_exif.jpg": "JPEG RGB, EXIF turn",
        "animation.gif": "GIF P, 3 frames",
        "cmyk.jpg": "JPEG CMYK",
    }


def test_sixteen_bits_are_scaled_and_not_cut() -> None:
    image = preview(good_photos()["sixteen_bit.png"]).image
    assert image is not None
    bright, edge = image.getpixel((128, 128)), image.getpixel((40, 128))
    assert bright[0] > 240 and 40 < edge[0] < 120  # type: ignore[index]


def test_large_pictures_are_kept_small() -> None:
    image = preview(good_photos()["panorama.jpg"]).image
    assert image is not None
    assert image.size == (256, 32)


@pytest.mark.parametrize("name", ["x" * 300 + ".jpeg", "price $1$ {}.png", "日本.png", "a\nb.png", ""])
def test_any_name_can_be_written(name: str) -> None:
    small = png("RGB", (40, 30), RED)
    assert gallery({name: (small, small)}).data.startswith(b"\x89PNG")


def test_a_long_name_keeps_its_beginning_and_its_extension() -> None:
    face = font(26, bold=True)
    shown = gallery_module._fitting("holiday-" * 20 + "end.jpeg", face, 200)
    assert shown.startswith("holiday-") and shown.endswith("end.jpeg") and "…" in shown
    assert face.getlength(shown) <= 200 * SCALE


def test_no_photos_give_an_empty_page() -> None:
    assert gallery({}).data.startswith(b"\x89PNG")
