"""A notebook as a learner works through it who solves nothing at once.

Before each exercise's solution stand the cell as it was at first, the usual wrong solutions, and, after a
reset, the cell as it was at first once more. Each of them ends with the exercise's check.
"""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode, v4

from labsupport.learning import material, solutions

RESET = "from labsupport.learning import checks\n\nchecks.reset(lab.target, {key!r})"


def with_attempts(notebook: NotebookNode, project: Path, number: str) -> None:
    """Put the attempts before each exercise, and the solution into its cell."""
    cells: list[NotebookNode] = []
    for cell in notebook.cells:
        if name := solutions.exercise_of(cell):
            cells += _attempts(name, cell.source, project, f"{number}.{name}")
            cell.source = solutions.solution(project, f"{number}.{name}")
        cells.append(cell)
        if cell.cell_type == "code" and "lab = Lab(" in cell.source:
            cells += [_attempt(f"{name}-early", f'lab.check("{name}")') for name in _without_cell(number)]
    notebook.cells = cells


def expected_answers(project: Path, number: str) -> dict[str, list[bool]]:
    """Return what each check has to answer, in order: True is "passed"."""
    expected = {}
    for exercise in material.load(number).exercises.values():
        refused = 2 + len(solutions.wrong_ones(project, exercise.key)) if exercise.start else 1
        expected[exercise.key] = [False] * refused + [True]
    return expected


def _attempts(name: str, start: str, project: Path, key: str) -> list[NotebookNode]:
    wrong = solutions.wrong_ones(project, key)
    return [
        _attempt(f"{name}-unsolved", start),
        *(_attempt(f"{name}-{why.replace('_', '-')}", source) for why, source in wrong.items()),
        v4.new_code_cell(RESET.format(key=key), id=f"{name}-reset"),
        _attempt(f"{name}-again", start),
    ]


def _attempt(name: str, source: str) -> NotebookNode:
    """Return a cell that fails: a check that refuses is an error where nobody is there to read it."""
    return v4.new_code_cell(source, id=f"attempt-{name}", metadata={"tags": ["raises-exception"]})


def _without_cell(number: str) -> list[str]:
    return [name for name, exercise in material.load(number).exercises.items() if not exercise.start]
