"""The two functions of notebook 04."""

from __future__ import annotations

import base64
import io
import json
import runpy
from pathlib import Path

import PIL
import pytest
from PIL import Image

FUNCTIONS = Path(__file__).parents[2] / "functions"


def load(function: str):
    return runpy.run_path(str(FUNCTIONS / function / "handler.py"))["handler"]


def sample_event(function: str) -> dict:
    return json.loads((FUNCTIONS / function / "event.json").read_text())


def draw(**changes: str) -> Image.Image:
    answer = load("badge")(sample_event("badge") | changes, None)
    return Image.open(io.BytesIO(base64.b64decode(answer["png"])))


def test_a_badge_has_the_colour_and_a_white_text_in_the_middle():
    badge = draw(colour="#102030")
    assert (badge.format, badge.size) == ("PNG", (360, 80))
    assert badge.getpixel((1, 1)) == (0x10, 0x20, 0x30)
    left, top, right, bottom = Image.eval(badge.convert("L"), lambda value: 255 * (value > 200)).getbbox()
    assert abs((left + right) / 2 - 180) <= 3 and abs((top + bottom) / 2 - 40) <= 6


def test_another_text_gives_another_picture():
    assert draw(text="one").tobytes() != draw(text="two").tobytes()


def test_formats_tells_what_the_imported_pillow_is():
    answer = load("formats")(sample_event("formats"), None)
    assert answer["pillow"] == PIL.__version__
    assert answer["imported_from"] == str(Path(PIL.__file__).parent)
    assert "jpg" in answer["formats"]


@pytest.mark.parametrize("function", ["badge", "formats"])
def test_they_may_write_their_own_logs_and_nothing_else(function):
    policy = json.loads((FUNCTIONS / function / "policy.json").read_text())
    hello = json.loads((FUNCTIONS / "hello" / "policy.json").read_text())
    assert policy == hello
