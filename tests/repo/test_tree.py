"""Every file of the project: what must stand in none of them, and in each of a kind."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MADE_HERE = {"__pycache__", "build", "dist"}
KEPT_HIDDEN = {".ci", ".github"}

REGISTRIES = r"(?i)[p]ypi\.|[p]ythonhosted|[a]naconda\.(?:org|com)|[n]pmjs|[d]ocker\.io|[g]hcr\.io|[q]uay\.io"
A_HOME = r"(?<![\w.~}*])/(?:root|home|Users|work)/(?!(?:me|you)/)[\w.-]"
SECRETS = r"\b(?:AKIA|ASIA)(?!\w*EXAMPLE)[A-Z2-7]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY"
"""Real key ids are base32; 0, 1, 8 and 9 mark one that is made up."""
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "misc", "common"}


def files() -> Iterator[Path]:
    """Yield the project's files: no tool's, and nothing that the lab itself makes."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(
            name
            for name in folders
            if name not in MADE_HERE
            and not name.endswith(".egg-info")
            and (name[0] != "." or name in KEPT_HIDDEN)
            and not (Path(folder, name) / "pyvenv.cfg").exists()
        )
        made = (".pyc", ".git")  # in a git worktree .git is a file
        yield from (Path(folder, name) for name in sorted(names) if not name.endswith(made))


FILES = list(files())
CELLS = ROOT / "solutions"
"""What stands here are the contents of notebook cells, and no modules."""
MODULES = [path for path in FILES if path.suffix == ".py" and CELLS not in path.parents]


def lines_with(pattern: str) -> list[str]:
    """Return where the pattern stands, as file:line: text."""
    found = []
    for path in FILES:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        found += [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
            for number, line in enumerate(text.splitlines(), 1)
            if re.search(pattern, line)
        ]
    return found


def test_the_tree_is_found() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in FILES}
    assert {"lab", "pyproject.toml", ".gitignore", ".github/workflows/ci.yml", "labsupport/lab.py"} <= names


def test_no_file_names_a_package_registry() -> None:
    assert lines_with(REGISTRIES) == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    own = "|".join(re.escape(f"{path}{os.sep}") for path in (ROOT, Path.home()) if len(path.parts) > 2)
    assert lines_with(f"{A_HOME}|{own}" if own else A_HOME) == []


def test_no_file_holds_a_secret() -> None:
    assert lines_with(SECRETS) == []


def test_every_text_file_is_utf_8_with_unix_line_ends_and_a_last_one() -> None:
    for path in FILES:
        data = path.read_bytes()
        if data and b"\0" not in data and path.suffix not in {".png", ".jpg", ".zip"}:
            name = path.relative_to(ROOT)
            data.decode("utf-8")
            assert b"\r" not in data, f"{name} has carriage returns"
            assert data.endswith(b"\n") or path.name == "broken.ipynb", f"{name} does not end with a new line"


def test_every_module_says_what_it_is_for() -> None:
    """But for tests: their names say it."""
    documented = [path for path in MODULES if not path.name.startswith("test_")]
    modules = {path.relative_to(ROOT): ast.parse(path.read_text()) for path in documented}
    assert [path for path, module in modules.items() if module.body and not ast.get_docstring(module)] == []


def test_modules_are_named_for_one_concept() -> None:
    assert [path for path in MODULES if path.stem in EMPTY_NAMES] == []


def test_tests_inject_their_fakes() -> None:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            assert not any(name.startswith(("unittest.mock", "mock")) for name in names), path


def test_tests_of_a_kind_carry_its_marker() -> None:
    for kind in ("functional", "notebooks", "browser"):
        for path in (ROOT / "tests" / kind).glob("test_*.py"):
            marked = re.search(rf"(?ms)^pytestmark = .*?pytest\.mark\.{kind}\b", path.read_text())
            assert marked, path.name
