"""labsupport's layers: who may import whom, read from the source without running it."""

from __future__ import annotations

import ast
import functools
import graphlib
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE = ("errors", "model_usage", "naming", "session", "settings", "tape", "target", "waiting")
AWS = ("boto3", "botocore")
INSIDE = "lambda_service/inside/"
"""Runs in execution environments, with flat names and without labsupport."""


def module_name(path: Path) -> str:
    """Return "labsupport.views.png"."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path
    for path in sorted((ROOT / "labsupport").rglob("*.py"))
    if INSIDE not in path.as_posix()
}


@functools.cache
def imports(module: str) -> frozenset[str]:
    """Return what a module imports anywhere in it: modules of ours by their names, others as written."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in MODULES else str(node.module))
    return frozenset(found)


@functools.cache
def reaches(module: str) -> frozenset[str]:
    """Return what a module imports, directly or through modules of ours."""
    found, pending = set[str](), [module]
    while pending:
        new = imports(pending.pop()) - found
        found |= new
        pending += [name for name in new if name in MODULES]
    return frozenset(found)


def in_package(names: Collection[str], *packages: str) -> Iterator[str]:
    """Yield the names that are one of these modules or packages, or lie in one."""
    for name in sorted(names):
        if any(name == package or name.startswith(f"{package}.") for package in packages):
            yield name


def ours(*packages: str) -> list[str]:
    return list(in_package(MODULES, *(f"labsupport.{package}" for package in packages)))


def test_there_are_no_cycles() -> None:
    graph = {module: imports(module) & MODULES.keys() for module in MODULES}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"imports go round: {' → '.join(error.args[1])}")


@pytest.mark.parametrize("module", ours("localcloud"))
def test_the_local_cloud_stands_apart(module: str) -> None:
    allowed = set(in_package(imports(module), "labsupport.localcloud", "labsupport.errors"))
    assert set(in_package(imports(module), "labsupport")) == allowed


@pytest.mark.parametrize("module", sorted(set(MODULES) - set(ours("localcloud", "commands"))))
def test_the_local_cloud_is_reached_through_its_supervisor_only(module: str) -> None:
    used = set(in_package(imports(module), "labsupport.localcloud"))
    assert used <= {"labsupport.localcloud.supervisor", "labsupport.localcloud.record"}


@pytest.mark.parametrize("module", ours(*BASE))
def test_the_base_knows_nothing_of_what_stands_on_it(module: str) -> None:
    known = set(in_package(reaches(module), "labsupport"))
    allowed = {
        *ours(*BASE, "cli_equivalent"),
        *ours("localcloud.supervisor", "localcloud.record", "localcloud.private_files"),
    }
    assert known <= allowed


@pytest.mark.parametrize(
    "module", sorted(set(MODULES) - {"labsupport", *ours("cli", "commands", "__main__")})
)
def test_nothing_below_lab_imports_it_or_the_command_line(module: str) -> None:
    # labsupport/__init__.py hands out Lab, and gets it when it is first used.
    upwards = ("labsupport.lab", "labsupport.cli", "labsupport.commands")
    assert list(in_package(reaches(module), *upwards)) == []


@pytest.mark.parametrize("module", ours("views", "report", "packaging"))
def test_what_is_drawn_or_packed_asks_no_cloud(module: str) -> None:
    cloud = ("labsupport.target", "labsupport.session", "labsupport.localcloud")
    assert list(in_package(reaches(module), *AWS, *cloud)) == []


@pytest.mark.parametrize("module", ours("resources"))
def test_resources_use_the_target_and_not_a_session_of_their_own(module: str) -> None:
    assert list(in_package(imports(module), "boto3", "labsupport.session", "labsupport.localcloud")) == []
    assert list(in_package(reaches(module), "labsupport.views", "labsupport.learning")) == []
