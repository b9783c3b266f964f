"""A notebook whose kernel is killed half-way can be started again, and what it had built can be deleted."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

from labsupport.commands.run.execution import OwnKernelManager
from labsupport.learning.solutions import solve
from tests.checkout import ROOT, Checkout
from tests.snapshots import TearDowns, take_snapshot

pytestmark = pytest.mark.notebooks

NOTEBOOK = "05_s3_thumbnails"
TIMEOUT_SECONDS = 600


def cells_that_break() -> list[int]:
    """Return the index of the first code cell after each heading "Break it"."""
    cells = nbformat.read(ROOT / "notebooks" / f"{NOTEBOOK}.ipynb", as_version=4).cells
    found, pending = [], False
    for index, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            pending = pending or bool(re.search(r"(?m)^### Break it", cell.source))
        elif pending:
            found.append(index)
            pending = False
    return found


def run_and_kill(course: Checkout, notebook: Path, last: int) -> None:
    """Execute the cells up to `last` in a real kernel, then kill -9 it."""
    content = nbformat.read(notebook, as_version=4)
    solve(content, ROOT, "05")
    client = NotebookClient(
        content,
        timeout=TIMEOUT_SECONDS,
        kernel_manager_class=OwnKernelManager,
        resources={"metadata": {"path": str(notebook.parent)}},
    )
    with client.setup_kernel(env=course.environ):
        for index, cell in enumerate(content.cells[: last + 1]):
            client.execute_cell(cell, index)
        kernel = psutil.Process(client.km.provisioner.pid)
        os.kill(kernel.pid, signal.SIGKILL)
        assert kernel.wait(10) == -signal.SIGKILL


def test_a_notebook_starts_again_wherever_its_kernel_was_killed(course: Checkout, tmp_path: Path) -> None:
    notebook = course.notebooks / f"{NOTEBOOK}.ipynb"
    places = cells_that_break()
    assert len(places) >= 2
    torn_down_there = TearDowns(course.environ["LAB_OWNER"], tmp_path / "restored", alone=False)
    for index in places[-2:]:  # the later ones, when more has been built
        run_and_kill(course, notebook, index)
        take_snapshot(course.home, tmp_path / f"after-{index}")
        torn_down_there.tear_down(tmp_path / f"after-{index}")  # a copy: here it goes on
    assert min(torn_down_there.found) >= 4
    left = course.lab("teardown", "--dry-run").stdout
    assert "function" in left and "bucket" in left

    again = course.lab("run", "05", timeout_seconds=TIMEOUT_SECONDS)
    assert again.returncode == 0, again.stdout
    torn_down = course.lab("teardown")
    assert torn_down.returncode == 0, torn_down.stdout
    assert torn_down.stdout.splitlines()[-1].endswith("Nothing of the lab is left.")
