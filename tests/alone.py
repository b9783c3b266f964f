"""A notebook alone, under nbval: kept outputs are what the code gives, and checks can be trusted.

nbval starts no fixture for a notebook's cells, so it runs as a pytest of its own on a cloud that is there
already, and each notebook is run by an owner who has nothing: it must build what it needs by itself.

On the way each exercise is tried in all the ways that its check must refuse (tests/attempts.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat

from labsupport.learning.learner import progress_of
from labsupport.settings import Settings
from labsupport.target import Target
from labsupport.teardown import teardown
from tests.attempts import expected_answers, with_attempts
from tests.checkout import ROOT, Checkout

TIMEOUT_SECONDS = 600
CHECKED = "nbval-check-output"


def validate(course: Checkout, notebook: Path) -> dict[str, str | None]:
    """Run a notebook under nbval. Return what went wrong, or None, for each of its cells: "Cell 0", ..."""
    results = course.root / f"{notebook.stem}.xml"
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", str(notebook)]
    command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(course.root), "--junitxml", str(results)]
    command += ["-p", "no:cacheprovider", "-o", "junit_family=xunit2"]
    environ = course.environ | {"LAB_UNATTENDED": "1", "PYTEST_ADDOPTS": ""}
    finished = subprocess.run(
        command,
        cwd=course.root,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    assert finished.returncode in (0, 1), finished.stdout + finished.stderr
    cells: dict[str, str | None] = {}
    for case in ElementTree.parse(results).iter("testcase"):
        problem = next((part for part in case if part.tag in ("failure", "error", "skipped")), None)
        name = str(case.get("name"))
        cells[name] = cells.get(name) or (None if problem is None else f"{problem.text}")
    assert (finished.returncode == 0) == (not any(cells.values()))
    return cells


def read(notebook: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(notebook.read_text())
    return content


def code_cells(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in content["cells"] if cell["cell_type"] == "code"]


def is_checked(cell: dict[str, Any]) -> bool:
    return CHECKED in cell["metadata"].get("tags", [])


def answers(course: Checkout) -> dict[str, list[bool]]:
    """Return what each check has answered, in order."""
    found: dict[str, list[bool]] = {}
    for event in progress_of(Settings.from_environment(course.environ)).events("check"):
        found.setdefault(event["key"], []).append(event["passed"])
    return found


def check_alone(course: Checkout, name: str, caretaker: Target) -> None:
    """Run a notebook with all attempts. It must keep its outputs, refuse what is wrong, and leave nothing."""
    notebook, number = course.notebooks / f"{name}.ipynb", name.partition("_")[0]
    content = nbformat.read(notebook, as_version=4)
    with_attempts(content, ROOT, number)
    nbformat.write(content, notebook)
    cells = validate(course, notebook)
    assert len(cells) == len(code_cells(read(notebook)))
    assert {cell: problem for cell, problem in cells.items() if problem} == {}
    assert answers(course) == expected_answers(ROOT, number), "False: the check refused; True: it passed"
    assert teardown(caretaker, owner=course.environ["LAB_OWNER"]).is_clean
