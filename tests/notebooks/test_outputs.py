"""When a notebook's output changes, its test fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.alone import code_cells, is_checked, read, validate
from tests.checkout import Checkout
from tests.course import NOTEBOOKS

pytestmark = pytest.mark.notebooks


@pytest.fixture
def beginning(course: Checkout) -> Path:
    """Return a notebook that ends with its first checked cell, so that it is quick to run."""
    notebook = course.notebooks / f"{NOTEBOOKS[0]}.ipynb"
    content = read(notebook)
    first = next(index for index, cell in enumerate(content["cells"]) if is_checked(cell))
    content["cells"] = content["cells"][: first + 1]
    notebook.write_text(json.dumps(content))
    return notebook


def change_stored_output(cell: dict[str, Any]) -> None:
    cell["outputs"][0]["text"] = ["something else\n"]


def change_code(cell: dict[str, Any]) -> None:
    cell["source"] = [*cell["source"], "\nprint('and one line more')"]


@pytest.mark.parametrize("change", [change_stored_output, change_code])
def test_when_an_output_changes_then_its_cell_fails_and_no_other(
    course: Checkout, beginning: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    content = read(beginning)
    changed = code_cells(content)[-1]
    change(changed)
    beginning.write_text(json.dumps(content))
    cells = validate(course, beginning)
    [(name, problem)] = [(name, problem) for name, problem in cells.items() if problem]
    assert name == f"Cell {len(cells) - 1}"
    assert "Cell outputs differ" in str(problem)
    assert "".join(changed["source"]).splitlines()[0] in str(problem)
