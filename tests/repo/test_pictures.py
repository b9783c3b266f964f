"""The pictures of the course: SVG files that need nothing from elsewhere and say what they show."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks" / "img"
PICTURES = sorted(FOLDER.iterdir())
SVG = "{http://www.w3.org/2000/svg}"
NO_PICTURE = {"script", "image", "foreignObject", "iframe", "use", "animate", "set", "a"}

each_picture = pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)


@each_picture
def test_it_says_what_it_shows(picture: Path) -> None:
    root = ElementTree.parse(picture).getroot()
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox")
    assert root.get("role") == "img"
    labels = []
    for name in ("title", "desc"):
        [label] = root.findall(f"{SVG}{name}")
        assert label.text and len(label.text) > 10
        labels.append(label.get("id"))
    assert root.get("aria-labelledby") == " ".join(str(label) for label in labels)


@each_picture
def test_it_needs_nothing_from_elsewhere(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    assert "<!" not in re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL), "a document type can load files"
    assert "@import" not in text
    assert re.findall(r"url\((?!#)[^)]*\)", text) == []
    for element in ElementTree.fromstring(text).iter():
        assert element.tag.removeprefix(SVG) not in NO_PICTURE, element.tag
        for name, value in element.items():
            assert not name.endswith("href") or value.startswith("#"), value
            assert not name.startswith("on"), name


@each_picture
def test_it_is_shown_by_a_notebook_or_the_readme(picture: Path) -> None:
    shown_by = [ROOT / "README.md", *(ROOT / "notebooks").glob("*.ipynb")]
    assert any(f"img/{picture.name}" in page.read_text(encoding="utf-8") for page in shown_by)
