"""A kernel is killed after cell k: what it leaves is torn down, for every notebook and every k.

Each notebook runs once, with its exercises solved, and the cloud's state is kept after each cell. Then each
of those states is a cloud again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from labsupport.localcloud import supervisor
from tests.checkout import Checkout
from tests.course import NOTEBOOKS, add_course
from tests.snapshots import TearDowns, snapshots_in

pytestmark = [pytest.mark.notebooks, pytest.mark.exhaustive]

OWNER = "ana"
TIMEOUT_SECONDS = 1200


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_nothing_is_left_of_a_notebook_that_was_killed_after_any_cell(
    name: str, tmp_path: Path, layer_cache: Path
) -> None:
    torn_down = TearDowns(OWNER, tmp_path / "restored", alone=True)
    for snapshot in run_with_snapshots(name, tmp_path, layer_cache):
        torn_down.tear_down(snapshot)
    cells, most = len(torn_down.found), max(torn_down.found)
    print(f"{name}: killed after each of {cells} cells, with at most {most} things there; left: 0")
    assert cells > 10 and most > 0


def run_with_snapshots(name: str, folder: Path, layer_cache: Path) -> list[Path]:
    """Run a notebook on a cloud of its own, and return the cloud's state after each of its cells."""
    checkout = add_course(Checkout(folder, owner=OWNER))
    checkout.home.mkdir()
    (checkout.home / "cache").symlink_to(layer_cache)
    kept = folder / "snapshots"
    environ = snapshots_in(kept, checkout.home)
    supervisor.start(checkout.home)
    try:
        answer = checkout.lab("run", name[:2], timeout_seconds=TIMEOUT_SECONDS, **environ)
    finally:
        supervisor.stop(checkout.home)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return sorted(kept.glob("[0-9]*"))
