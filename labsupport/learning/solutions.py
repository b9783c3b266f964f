"""The model solutions: `solutions/NN/<exercise>/solution.py`, apart from the notebooks.

Beside each one stand the usual wrong ones, `wrong_<why>.py`, which the exercise's check has to refuse. A
notebook that runs unattended gets the solutions, so that a course is run as a learner would have solved it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labsupport.errors import LabError

if TYPE_CHECKING:  # every kernel imports this module, and nbformat brings jsonschema: a third of a second
    from nbformat import NotebookNode

TAG = "exercise"
FOLDER = "solutions"


def exercise_of(cell: NotebookNode) -> str | None:
    """Return the short id of the exercise that a cell is for, or None. The cell's id is "exercise-<id>"."""
    is_one = cell.cell_type == "code" and TAG in cell.metadata.get("tags", [])
    return str(cell.id).removeprefix(f"{TAG}-") if is_one else None


def solution(project: Path, key: str) -> str:
    """Return the model solution of an exercise, such as "05.permission".

    Raises:
        LabError: there is none.
    """
    path = _folder(project, key) / "solution.py"
    try:
        return path.read_text(encoding="utf-8").rstrip("\n")
    except OSError as error:
        raise LabError(
            doing=f"reading the solution of {key}",
            cause=f"{path} can't be read: {error.strerror}.",
            next_step="Get the folder `solutions` of the course back.",
        ) from error


def wrong_ones(project: Path, key: str) -> dict[str, str]:
    """Return the usual wrong solutions of an exercise by what is wrong with them."""
    paths = sorted(_folder(project, key).glob("wrong_*.py"))
    return {path.stem.removeprefix("wrong_"): path.read_text(encoding="utf-8").rstrip("\n") for path in paths}


def solve(notebook: NotebookNode, project: Path, number: str) -> None:
    """Put the model solutions into a notebook's exercise cells."""
    for cell in notebook.cells:
        if name := exercise_of(cell):
            cell.source = solution(project, f"{number}.{name}")


def _folder(project: Path, key: str) -> Path:
    number, _, name = key.partition(".")
    return project / FOLDER / number / name
