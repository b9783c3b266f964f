from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import ipywidgets
import pytest

from labsupport.errors import LabError
from labsupport.views.upload import PhotoUpload
from tests import images

PHOTO = images.encoded(images.four_corners(480, 320), "WEBP")
THUMBNAIL = images.encoded(images.four_corners(40, 40), "PNG")
NO_PHOTO = b"Milk, bread, two tomatoes.\n"
SAMPLE = ("sample.jpg", PHOTO)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Cloud:
    """Take uploads, and answer with a thumbnail or an error."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.uploads: list[tuple[str, bytes]] = []

    def __call__(self, name: str, data: bytes) -> bytes:
        self.uploads.append((name, data))
        if self.error:
            raise self.error
        return THUMBNAIL


def upload_to(make_thumbnail: Callable[[str, bytes], bytes], **options: Any) -> PhotoUpload:
    return PhotoUpload(make_thumbnail, sample=SAMPLE, **options)


def chooser(view: PhotoUpload) -> ipywidgets.FileUpload:
    return next(widget for widget in view.children[1].children if isinstance(widget, ipywidgets.FileUpload))


def choose(view: PhotoUpload, *files: tuple[str, bytes]) -> None:
    """Do what the browser does when files were chosen or dropped."""
    chooser(view).value = tuple(
        {"name": name, "type": "", "size": len(data), "content": memoryview(data), "last_modified": NOW}
        for name, data in files
    )


def entries(view: PhotoUpload) -> list[str]:
    """Return the HTML of what is listed, newest first."""
    return [entry.value for entry in view.children[3].children]


def status(view: PhotoUpload) -> str:
    return str(view.children[2].value)


def test_a_chosen_photo_is_uploaded_and_shown_beside_its_thumbnail() -> None:
    cloud = Cloud()
    view = upload_to(cloud)
    choose(view, ("sea.webp", PHOTO))
    assert cloud.uploads == [("sea.webp", PHOTO)]
    (entry,) = entries(view)
    assert entry.count("<img ") == 2
    assert "Original: WEBP RGB, 480 × 320 px" in entry and "Thumbnail: PNG RGB, 40 × 40 px" in entry
    assert "Thumbnail after " in entry and "sea.webp: done" in status(view)


def test_while_it_waits_it_says_what_it_is_doing() -> None:
    said: list[str] = []
    view = upload_to(lambda name, data: said.append(status(view)) or THUMBNAIL)  # type: ignore[func-returns-value]
    assert "No photo yet." in status(view)
    choose(view, ("sea.webp", PHOTO))
    assert [f"Uploading sea.webp ({len(PHOTO):,} bytes)" in words for words in said] == [True]


def test_several_photos_at_once_are_all_taken() -> None:
    cloud = Cloud()
    view = upload_to(cloud)
    choose(view, ("1.webp", PHOTO), ("2.webp", PHOTO))
    assert [name for name, _ in cloud.uploads] == ["1.webp", "2.webp"]
    assert ["2.webp" in entries(view)[0], "1.webp" in entries(view)[1]] == [True, True]


def test_the_same_file_can_be_chosen_again() -> None:
    cloud = Cloud()
    view = upload_to(cloud)
    for _ in range(2):
        choose(view, ("sea.webp", PHOTO))
        assert chooser(view).value == ()
    assert len(cloud.uploads) == 2 and len(entries(view)) == 2


def test_when_the_function_refuses_a_file_then_its_words_are_shown_and_nothing_is_lost() -> None:
    refusal = LabError(
        doing="x", cause="the function refused it. NotAnImage: a list.", next_step="See the queue."
    )
    cloud = Cloud(refusal)
    view = upload_to(cloud)
    choose(view, ("list.jpg", NO_PHOTO))
    assert "No thumbnail: the function refused it. NotAnImage: a list. See the queue." in entries(view)[0]
    assert "list.jpg: no thumbnail" in status(view)
    cloud.error = None
    choose(view, ("sea.webp", PHOTO))
    assert view.results == {
        "list.jpg": (NO_PHOTO, None),
        "sea.webp": (PHOTO, THUMBNAIL),
    }
    assert len(entries(view)) == 2


def test_any_other_error_is_shown_in_words_too() -> None:
    view = upload_to(Cloud(ConnectionError("the cable is out")))
    choose(view, ("sea.webp", PHOTO))
    assert "No thumbnail: ConnectionError: the cable is out" in entries(view)[0]


@pytest.mark.parametrize(("size", "taken"), [(1000, True), (1001, False)])
def test_a_file_that_is_too_large_is_refused_before_it_is_uploaded(size: int, taken: bool) -> None:
    cloud = Cloud()
    view = upload_to(cloud, max_bytes=1000)
    choose(view, ("raw.jpg", bytes(size)))
    assert bool(cloud.uploads) == taken
    assert ("Nothing was uploaded" in entries(view)[0]) == (not taken)
    assert "raw.jpg" in view.results


def test_a_file_that_the_browser_cannot_read_is_explained() -> None:
    view = upload_to(Cloud())
    chooser(view).error = "NotReadableError"
    assert "could not read" in status(view)


def test_the_sample_needs_one_click_and_goes_the_same_way() -> None:
    cloud = Cloud()
    view = upload_to(cloud)
    (button,) = (w for w in view.children[1].children if isinstance(w, ipywidgets.Button))
    assert button.description == "Use sample.jpg"
    button.click()
    assert cloud.uploads == [SAMPLE]


def test_unattended_the_sample_is_taken_at_once() -> None:
    cloud = Cloud()
    upload_to(cloud, use_sample=True)
    assert cloud.uploads == [SAMPLE]


def test_without_a_kernel_words_and_a_picture_are_left() -> None:
    empty, used = upload_to(Cloud()), upload_to(Cloud(), use_sample=True)
    assert "No photo yet." in empty._repr_mimebundle_()["text/plain"]
    assert "image/png" not in empty._repr_mimebundle_()
    bundle = used._repr_mimebundle_()
    assert "sample.jpg: done" in bundle["text/plain"]
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_files_name_is_text_and_never_html() -> None:
    view = upload_to(Cloud())
    choose(view, ("<img src=x onerror=alert(1)>.jpg", PHOTO))
    assert "<img src=x" not in entries(view)[0] + status(view)


def test_the_drop_zone_knows_the_limit_and_the_button() -> None:
    found: dict[str, str | None] = {}

    class Zone(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            found.update(attributes)

    view = upload_to(Cloud(), max_bytes=3 * 1024 * 1024)
    Zone().feed(view.children[0].value)
    drop = str(found["ondrop"])
    assert "file.size > 3145728" in drop and "larger than 3 MB" in drop
    assert "lab-photo-upload" in drop and "lab-photo-upload" in view._dom_classes
    assert "event.preventDefault()" in str(found["ondragover"]), "the browser would open the file instead"
