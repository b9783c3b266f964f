"""Take the pictures in docs/img again: `.venv/bin/python -m tests.browser.take_screenshots`, some minutes.

Runs the notebooks in a real JupyterLab as a learner would, and photographs cells.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Locator, Page, sync_playwright

from labsupport.learning import material
from tests.browser.conftest import FLAGS, find_browser, served_course
from tests.browser.lesson import Lesson, set_up_learner
from tests.checkout import ROOT

PICTURES = ROOT / "docs" / "img"
WINDOW = {"width": 1100, "height": 1000}
OUTPUT, WHOLE = ".jp-Cell-outputWrapper", ""


class Shot(NamedTuple):
    """One picture.

    Attributes:
        file: its name.
        cell: what is photographed.
        part: a CSS selector in it, or "" for all of it.
        prepare: what a learner does first.
    """

    file: str
    cell: str
    part: str = OUTPUT
    prepare: Callable[[Locator], None] = lambda cell: None


def predict(cell: Locator) -> None:
    """Choose the first option and keep it."""
    cell.locator(".widget-toggle-button").first.click()
    cell.get_by_role("button", name="Keep my prediction").click()


def open_hint(cell: Locator) -> None:
    """Open the first hint."""
    cell.get_by_role("button", name="Hint 1 of 3").click()
    cell.get_by_text("a nudge:").wait_for()


def answer(cell: Locator) -> None:
    """Answer the first question."""
    [right] = next(iter(material.load("05").questions.values())).right
    question = cell.locator(".lab-question").first
    question.get_by_role("button", name="ABCDE"[right], exact=True).click()
    question.get_by_role("button", name="Answer", exact=True).click()
    question.get_by_text("Right", exact=True).wait_for()


NOTEBOOKS: dict[tuple[str, str, bool], list[Shot]] = {
    ("00_start_here", "Start here", True): [
        Shot("progress.png", "setup-lab"),
        Shot("prediction.png", "predict-longer", WHOLE, predict),
        Shot("calls.png", "step-3-tape"),
        Shot("report_line.png", "step-4-log"),
        Shot("price_curves.png", "step-5-days"),
    ],
    ("01_lambda_lifecycle", "The life of an execution environment", True): [
        Shot("timeline.png", "change"),
        Shot("frozen_thread.png", "draw-heartbeat"),
    ],
    ("02_memory_and_cost", "Memory", True): [Shot("memory_curves.png", "step-3-curves")],
    ("03_concurrency", "Concurrency", True): [Shot("burst.png", "step-3-break")],
    ("05_s3_thumbnails", "Thumbnails from S3 events", False): [
        Shot("check.png", "exercise-permission", WHOLE, open_hint),
    ],
    ("05_s3_thumbnails", "Thumbnails from S3 events", True): [
        Shot("gallery.png", "step-8-upload"),
        Shot("question.png", "questions", ".lab-question >> nth=0", answer),
    ],
}


def photograph(lesson: Lesson, shot: Shot) -> None:
    """Bring a cell into its state and save its picture."""
    cell = lesson.cell(shot.cell)
    shot.prepare(cell)
    part = cell.locator(shot.part).first if shot.part else cell
    part.scroll_into_view_if_needed()
    lesson.page.mouse.move(0, 0)
    part.screenshot(path=PICTURES / shot.file)
    print(shot.file, flush=True)


def take(page: Page, wanted: set[str]) -> None:
    """Take the pictures that are wanted, each notebook in a course of its own."""
    for (name, title, solved), shots in NOTEBOOKS.items():
        chosen = [shot for shot in shots if not wanted or shot.file in wanted]
        if not chosen:
            continue
        with tempfile.TemporaryDirectory() as folder:
            checkout = set_up_learner(Path(folder), "mai", cache=ROOT / ".lab" / "cache")
            with served_course(checkout, solved=solved) as url:
                lesson = Lesson(page, url, name, title)
                lesson.run_all(until=None if solved else chosen[-1].cell)
                for shot in chosen:
                    photograph(lesson, shot)


def main() -> None:
    """Take all pictures, or those that are named."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(playwright), args=FLAGS)
        page = browser.new_context(viewport=WINDOW, device_scale_factor=1.5).new_page()
        take(page, set(sys.argv[1:]))
        browser.close()


if __name__ == "__main__":
    main()
