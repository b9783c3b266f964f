"""Each notebook, and the teardown after it, while one request in five meets a fault: other ones each time.

LAB_FAULTS_SEED takes a seed that was printed. It gives roughly the same faults again: what waits asks as
often as it takes.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from labsupport.localcloud import supervisor
from labsupport.settings import Settings
from labsupport.target import connect
from tests.account import everything_on
from tests.checkout import Checkout
from tests.course import NOTEBOOKS, add_course
from tests.faulty_kernels import faults_in, faulty_kernels

pytestmark = [pytest.mark.notebooks, pytest.mark.exhaustive]

SHARE = 0.2


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, layer_cache: Path) -> Iterator[Path]:
    """Start a cloud on which a new role can't be assumed at once, as on AWS."""
    home = tmp_path_factory.mktemp("home")
    (home / "cache").symlink_to(layer_cache)
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("LAB_ROLE_DELAY_SECONDS", "2")
        supervisor.start(home)
    yield home
    supervisor.stop(home)


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if not name.startswith("99")])
def test_the_notebook_passes_and_its_teardown_leaves_nothing(home: Path, tmp_path: Path, name: str) -> None:
    course = add_course(Checkout(tmp_path, home=home))
    folder = tmp_path / "faults"
    seed = int(os.environ.get("LAB_FAULTS_SEED") or random.randrange(10**6))
    faulty = faulty_kernels(folder, seed=seed, share=SHARE)
    answer = course.lab("run", name.partition("_")[0], "99", timeout_seconds=900, **faulty)
    print(f"LAB_FAULTS_SEED={seed}: {faults_in(folder)}")
    assert "2 of 2 notebooks passed" in answer.stdout, answer.stdout + answer.stderr
    assert "0 resources left" in answer.stdout
    assert faults_in(folder).total() > 0
    assert everything_on(connect(replace(Settings.from_environment({}), home=home))) == []
