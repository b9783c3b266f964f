"""What a learner does in JupyterLab: open the course, run a notebook, upload a photo, see the thumbnail."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.lesson import milliseconds, wait_until_ready
from tests.images import disc, encoded, photo

pytestmark = pytest.mark.browser

NOTEBOOK = "05_s3_thumbnails"
ERRORS = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"  # what a cell raised, too
RUN_SECONDS, THUMBNAIL_SECONDS = 300, 60


def run_all_cells(page: Page, count: int) -> None:
    """Choose Run All Cells, and wait until each has its number."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    done = page.locator(".jp-CodeCell .jp-InputArea-prompt").filter(has_text=re.compile(r"\[\d+\]:"))
    expect(done).to_have_count(count, timeout=milliseconds(RUN_SECONDS))


def expect_thumbnail(page: Page, name: str) -> None:
    """Expect the newest entry to be this file, with two pictures that the browser could decode."""
    entry = page.locator(".lab-photo-upload p", has_text=name).locator("..")
    expect(entry).to_contain_text("Thumbnail after", timeout=milliseconds(THUMBNAIL_SECONDS))
    sizes = entry.locator("img").evaluate_all("all => all.map(img => [img.naturalWidth, img.naturalHeight])")
    assert len(sizes) == 2
    assert all(width > 0 and height > 0 for width, height in sizes)


def test_the_course_opens_at_its_first_notebook(visit: Visit) -> None:
    address = urlsplit(visit.url)
    visit.page.goto(f"{address.scheme}://{address.netloc}/?{address.query}")
    wait_until_ready(visit.page, "Start here")
    picture = visit.page.locator(".jp-MarkdownOutput img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 0
    assert (visit.errors, visit.outside) == ([], [])


def test_an_uploaded_photo_comes_back_as_a_thumbnail(visit: Visit, tmp_path: Path) -> None:
    notebook = json.loads((visit.checkout.notebooks / f"{NOTEBOOK}.ipynb").read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and cell["source"]]
    page = visit.page
    page.goto(visit.url.replace("00_start_here", NOTEBOOK) + "&reset")
    wait_until_ready(page, "Thumbnails")
    run_all_cells(page, len(code))
    expect(page.locator(ERRORS)).to_have_count(0)

    mine = tmp_path / "ảnh của tôi 1+2.jpg"
    mine.write_bytes(photo())
    button = page.locator(".lab-photo-upload button.widget-upload")
    button.scroll_into_view_if_needed()
    with page.expect_file_chooser() as chooser:
        button.click()
    chooser.value.set_files(mine)
    expect_thumbnail(page, mine.name)

    dropped = page.evaluate_handle(
        """([name, bytes]) => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
            return files;
        }""",
        ["dropped.png", list(encoded(disc("RGBA"), "PNG"))],
    )
    page.locator(".lab-drop-zone").dispatch_event("drop", {"dataTransfer": dropped})
    expect_thumbnail(page, "dropped.png")
    assert (visit.errors, visit.outside) == ([], [])


def test_calls_costs_and_errors_unfold_by_keyboard_and_dollars_stay_dollars(visit: Visit) -> None:
    visit.checkout.add("refused.ipynb")
    page = visit.page
    page.goto(visit.url.replace("00_start_here", "refused") + "&reset")
    wait_until_ready(page, "refuses")
    run_all_cells(page, 4)
    for summary, inside in (
        ("s3 ListBuckets", "s3:ListAllMyBuckets"),
        ("How it adds up", "S3 request: PUT, COPY, POST, LIST"),
        ("The error itself", "Traceback (most recent call last)"),
    ):
        expect(page.get_by_text(inside).first).to_be_hidden()
        page.locator("summary", has_text=summary).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text(inside).first).to_be_visible()
    expect(page.locator(ERRORS)).to_contain_text("LabError: While naming '$a$'")
    expect(page.get_by_text("While naming '$a$'", exact=True)).to_be_visible()
    expect(page.get_by_text("What to do. Choose another name.")).to_be_visible()
    assert (visit.errors, visit.outside) == ([], [])
