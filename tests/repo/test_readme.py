"""What README, CONTRIBUTING and docs say is so: notebooks, commands, settings, links."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from labsupport.cli import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted(ROOT.glob("layers/*/*.md")),
]
INTERNAL = {"LAB_UNATTENDED"}
"""Variables that only `lab run` sets."""


def table_rows(text: str, heading: str) -> list[list[str]]:
    """Return the rows of a section's table, without its head."""
    section = re.split(r"(?m)^## ", text.partition(f"## {heading}\n")[2])[0]
    rows = re.findall(r"(?m)^\| (.+) \|$", section)
    return [row.split(" | ") for row in rows[1:]]


def minutes(notebook: Path) -> str:
    text = "".join(line for cell in json.loads(notebook.read_text())["cells"] for line in cell["source"])
    [found] = re.findall(r"\| Minutes \| (\d+) \|", text)
    return str(found)


def test_the_course_table_and_the_notebooks_agree() -> None:
    rows = [row[:2] for row in table_rows(README, "The course")]
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert rows == [[f"[{path.stem}](notebooks/{path.name})", minutes(path)] for path in notebooks]


def test_the_command_table_and_the_command_line_agree() -> None:
    told = [re.match(r"`\./lab (\w+)", row[0]) for row in table_rows(README, "Commands")]
    assert sorted(match[1] for match in told if match) == sorted(COMMANDS)


def test_the_settings_table_and_the_code_agree() -> None:
    told = {row[0].strip("`") for row in table_rows(README, "Settings")}
    read = set(re.findall(r"\bLAB_[A-Z_]+\b", (ROOT / "lab").read_text()))
    for path in (ROOT / "labsupport").rglob("*.py"):
        texts = [
            node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)
        ]
        read |= {text for text in texts if isinstance(text, str) and re.fullmatch(r"LAB_[A-Z_]+", text)}
    assert told == read - INTERNAL


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_pictures_are_there(page: Path) -> None:
    text = re.sub(r"(?ms)^```.*?^```", "", page.read_text(encoding="utf-8"))
    for mark, words, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)", text):
        assert words.strip(), target
        assert len(words) > 20 or not mark, f"{target}: its alternative text says too little"
        if not re.match(r"https:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), f"{target} is not there"


def test_each_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text())
    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))


def test_each_kind_of_test_is_explained() -> None:
    told = [row[0].strip("`") for row in table_rows(CONTRIBUTING, "The tests")]
    folders = [path for path in (ROOT / "tests").iterdir() if any(path.glob("test_*.py"))]
    assert sorted(told) == sorted(f"tests/{path.name}" for path in folders)


def test_contributors_run_what_the_tests_run() -> None:
    checkers = (ROOT / "tests" / "repo" / "test_checkers.py").read_text()
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    for command in re.findall(r"(?m)^\.venv/bin/(.+)$", CONTRIBUTING):
        assert f'"{command}"' in checkers, command
        assert f"entry: .venv/bin/{command}\n" in hooks, command


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_waits_for_somebody_to_finish_it(page: Path) -> None:
    assert not re.search(r"\b(?:TODO|FIXME|TBD|XXX|FIGURES)\b", page.read_text(encoding="utf-8"))
