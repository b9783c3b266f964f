"""A notebook in JupyterLab, as a learner uses it: run this cell, write into that one."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.checkout import ROOT, Checkout

LOAD_SECONDS, CELL_SECONDS = 90, 240
ALL_CELLS_IN_THE_PAGE = {"windowingMode": "none"}
"""JupyterLab's own setting: otherwise it draws only the cells that are in view."""


def milliseconds(seconds: float) -> float:
    return seconds * 1000


def wait_until_ready(page: Page, title: str) -> None:
    """Wait for the notebook's cells and for its kernel. The status bar is the last to know."""
    page.locator(".jp-NotebookPanel:visible .jp-Cell").first.wait_for(timeout=milliseconds(LOAD_SECONDS))
    # A notebook that is still being read shows one empty cell.
    heading = page.locator(".jp-NotebookPanel:visible h1").first
    expect(heading).to_contain_text(title, timeout=milliseconds(LOAD_SECONDS))
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=milliseconds(LOAD_SECONDS))


def set_up_learner(folder: Path, name: str, *, cache: Path) -> Checkout:
    """Return a checkout whose owner has JupyterLab draw all cells of a notebook."""
    settings = folder / "jupyter_config_dir/lab/user-settings/@jupyterlab/notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps(ALL_CELLS_IN_THE_PAGE))
    checkout = Checkout(folder, owner=name)
    checkout.home.mkdir()
    (checkout.home / "cache").symlink_to(cache)
    return checkout


class Lesson:
    """One notebook in a page, as a learner uses it."""

    def __init__(self, page: Page, url: str, name: str, title: str) -> None:
        self.page, self.name = page, name
        page.goto(url.replace("00_start_here", name) + "&reset")
        wait_until_ready(page, title)
        notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())
        self._ids = [cell["id"] for cell in notebook["cells"]]

    def cell(self, cell_id: str) -> Locator:
        return self.page.locator(".jp-NotebookPanel:visible .jp-Cell").nth(self._ids.index(cell_id))

    def run_above(self, cell_id: str) -> None:
        """Choose Run All Above Selected Cell, and wait for the last of them."""
        self._select(cell_id)
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Above Selected Cell", exact=True).click()
        self.wait_until_idle()

    def run_all(self, *, until: str | None = None) -> None:
        """Run all cells, or those up to one."""
        if until is not None:
            self.run_above(until)
            self.run(until)
            return
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self.wait_until_idle()

    def run(self, cell_id: str) -> Locator:
        """Run one cell with Control+Enter, and return it."""
        self._select(cell_id)
        self.page.keyboard.press("Control+Enter")
        self.wait_until_idle()
        return self.cell(cell_id)

    def write(self, cell_id: str, code: str) -> None:
        """Replace what stands in a cell."""
        self.cell(cell_id).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(code)

    def wait_until_idle(self) -> None:
        """Wait until no cell has the star of one that runs or waits."""
        running = self.page.locator(".jp-CodeCell .jp-InputArea-prompt").filter(
            has_text=re.compile(r"\[\*\]")
        )
        expect(running).to_have_count(0, timeout=milliseconds(CELL_SECONDS))

    def _select(self, cell_id: str) -> None:
        self.cell(cell_id).locator(".jp-InputPrompt").click()
