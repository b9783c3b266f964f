"""`lab run`, as a learner or a CI job types it: every notebook, in order, on one cloud.

It is the strictest course that we know: a new role can't be assumed at once, and one request in twenty is
throttled, fails, is dropped, comes late, or is carried out without an answer (tests/faults.py).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from labsupport.localcloud import supervisor
from labsupport.settings import Settings
from labsupport.target import Target, connect
from tests.account import everything_on
from tests.checkout import Checkout
from tests.course import NOTEBOOKS, add_course
from tests.faults import KINDS
from tests.faulty_kernels import faults_in, faulty_kernels

pytestmark = pytest.mark.notebooks

TIMEOUT_SECONDS = 1200
ROLE_DELAY_SECONDS = 0.5
SEED, SHARE = 20_261, 0.05


@dataclass(frozen=True)
class Course:
    """What one run of the whole course printed, wrote and left."""

    checkout: Checkout
    answer: CompletedProcess[str]
    target: Target
    before: dict[str, bytes]
    faults: Counter[str]

    @property
    def lines(self) -> list[str]:
        return self.answer.stdout.splitlines()

    def executed(self, name: str) -> list[dict[str, Any]]:
        """Return the code cells of an executed notebook that have code."""
        notebook = json.loads((self.checkout.build / "notebooks" / f"{name}.ipynb").read_text())
        return [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and cell["source"]]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, layer_cache: Path) -> Iterator[Course]:
    """Run the course once, on a cloud that has never been used; each test looks at one side of it."""
    checkout = add_course(Checkout(tmp_path_factory.mktemp("course")))
    checkout.home.mkdir()
    (checkout.home / "cache").symlink_to(layer_cache)
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("LAB_ROLE_DELAY_SECONDS", f"{ROLE_DELAY_SECONDS}")
        target = connect(replace(Settings.from_environment({}), home=checkout.home))  # which starts it
    folder = tmp_path_factory.mktemp("faults")
    faulty = faulty_kernels(folder, seed=SEED, share=SHARE)
    try:
        assert everything_on(target) == []
        before = contents(checkout.notebooks)
        answer = checkout.lab("run", "--keep-going", timeout_seconds=TIMEOUT_SECONDS, **faulty)
        print(f"Faults of seed {SEED}: {faults_in(folder)}")
        yield Course(checkout, answer, target, before, faults_in(folder))
    finally:
        supervisor.stop(checkout.home)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebook_passes(course: Course, name: str) -> None:
    begun = next(index for index, line in enumerate(course.lines) if re.match(rf"{name} +running$", line))
    result, why = course.lines[begun + 1 : begun + 3]
    assert re.fullmatch(rf"{name} +(\d+)/\1 +cells +\d+ s  passed", result), f"{result}\n{why}"
    cells = course.executed(name)
    assert all(cell["execution_count"] for cell in cells)
    for output in (output for cell in cells for output in cell["outputs"]):
        assert output.get("name") != "stderr", f"a red box for the learner: {output['text']}"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebook_is_in_the_report(course: Course, name: str) -> None:
    assert f'href="{name}.html"' in (course.checkout.build / "index.html").read_text()
    page = (course.checkout.build / f"{name}.html").read_text()
    assert "Exam-style questions" in page
    assert page.count("data:image/") >= 1, "its pictures are not in the page"


def test_the_run_succeeds_and_says_so_in_its_last_line(course: Course) -> None:
    assert (course.answer.returncode, course.answer.stderr) == (0, ""), course.answer.stdout
    count = len(NOTEBOOKS)
    counts = f"{count} of {count} notebooks passed in \\d+ s, 0 resources left"
    assert re.fullmatch(f"lab run: {counts}; report: build/index\\.html", course.lines[-1])


def test_nothing_is_left_on_the_cloud(course: Course) -> None:
    [*_, teardown] = [
        match
        for cell in course.executed("99_teardown")
        for output in cell["outputs"]
        for match in re.findall(
            r"(\d+) deleted, (\d+) failed\. Nothing of the lab is left", str(output.get("text"))
        )
    ]
    assert int(teardown[0]) >= 10, "the notebooks before it should have built more"
    assert supervisor.find(course.checkout.home) is not None, "it ran before, so it still does"
    assert everything_on(course.target) == []


def test_its_calls_met_faults_of_every_kind(course: Course) -> None:
    assert set(course.faults) == set(KINDS)
    assert course.faults.total() >= 5 * len(NOTEBOOKS), course.faults


def test_the_checkout_is_as_it_was(course: Course) -> None:
    assert contents(course.checkout.notebooks) == course.before
