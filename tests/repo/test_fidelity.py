"""docs/fidelity.md: a behaviour has AWS's page and a test, and a badge of a notebook has a behaviour."""

from __future__ import annotations

import ast
import functools
import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
BADGES = "What notebooks say before you run it"
AWSS_PAGE = r"\[[^\]]+\]\(https://(?:docs\.)?aws\.amazon\.com/[^)]+\)"
STATUS = r"as AWS(?:$|[,:] \S.*)|(?:differs|not there): \S.*"


class Row(NamedTuple):
    """A behaviour of Lambda."""

    name: str
    aws: str
    page: str
    status: str
    tests: str


class Badge(NamedTuple):
    """What a notebook says of the local cloud, and where."""

    notebook: str
    step: str
    words: str


def tables() -> dict[str, list[list[str]]]:
    """Return the cells of each section's table, without its head."""
    found = {}
    for section in re.split(r"(?m)^## ", PAGE)[1:]:
        lines = [line for line in section.splitlines() if line.startswith("|")]
        found[section.splitlines()[0]] = [
            [cell.strip() for cell in line[1:-1].split("|")] for line in lines[2:]
        ]
    return found


ROWS = [Row(*cells) for section, table in tables().items() if section != BADGES for cells in table]
BADGE_ROWS = tables()[BADGES]


@functools.cache
def source_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@functools.cache
def names_in(path: str) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(source_of(path))) if isinstance(node, ast.FunctionDef)}


def badges() -> list[Badge]:
    """Return the badges of all notebooks."""
    found = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        step = ""
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for line in "".join(cell["source"]).splitlines() if cell["cell_type"] == "markdown" else []:
                if line.startswith("## "):
                    step = line.removeprefix("## ")
                elif match := re.match(r"> \*\*(?:Local cloud|AWS only):\*\* (.+)", line):
                    found.append(Badge(path.stem, step, match[1]))
    return found


def is_about(row: Badge, badge: Badge) -> bool:
    """Tell whether a row of the page names a badge: by its place and its first words."""
    return row[:2] == badge[:2] and badge.words.startswith(row.words)


def test_the_page_has_its_parts() -> None:
    parts = [section for section, table in tables().items() if table]
    assert parts[:3] == ["Init", "Invoke", "Shutdown"] and parts[-1] == BADGES
    assert len(ROWS) > 60 and len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_has_awss_page_a_status_and_tests_that_exist(row: Row) -> None:
    assert re.fullmatch(AWSS_PAGE, row.page), row.page
    assert re.fullmatch(STATUS, row.status), row.status
    tests = [each for each in row.tests.split("<br>") if each]
    assert tests or row.status.startswith("not there: "), "no test shows it"
    for test in tests:
        match = re.fullmatch(r"`(tests/\w+/test_\w+\.py)::(test_\w+)(?:\[(.+)\])?`", test)
        assert match, test
        path, name, case = match.groups()
        assert name in names_in(path), f"{path} has no {name}"
        assert case is None or case in source_of(path), f"{name} has no case {case!r}"


def test_each_badge_of_a_notebook_has_a_behaviour() -> None:
    rows = [Badge(*cells[:3]) for cells in BADGE_ROWS]
    untold = [badge for badge in badges() if not any(is_about(row, badge) for row in rows)]
    assert untold == [], f"add them to {BADGES!r}"


@pytest.mark.parametrize("cells", BADGE_ROWS, ids=lambda cells: f"{cells[0]}, {cells[1]}")
def test_each_row_of_badges_is_in_a_notebook_and_names_a_behaviour(cells: list[str]) -> None:
    *where, behaviour = cells
    assert any(is_about(Badge(*where), badge) for badge in badges())
    [row] = [row for row in ROWS if row.name == behaviour]
    assert not row.status.startswith("as AWS"), "there is nothing to say before somebody runs it"
