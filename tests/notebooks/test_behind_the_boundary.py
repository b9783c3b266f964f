"""The whole course, run by a learner who may no more than the ready policies say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from labsupport.localcloud import supervisor
from labsupport.settings import Settings
from labsupport.target import connect
from tests.checkout import Checkout
from tests.course import NOTEBOOKS, add_course
from tests.learner import make_learner

pytestmark = [pytest.mark.notebooks, pytest.mark.exhaustive]

OWNER = "ana"


def test_the_course_passes_with_the_learners_policies_behind_the_boundary(
    tmp_path: Path, layer_cache: Path
) -> None:
    checkout = add_course(Checkout(tmp_path, owner=OWNER))
    checkout.home.mkdir()
    (checkout.home / "cache").symlink_to(layer_cache)
    admin = connect(replace(Settings.from_environment({}), home=checkout.home))
    try:
        record = supervisor.find(checkout.home)
        assert record is not None
        theirs, boundary = make_learner(admin, record, OWNER)
        theirs.write(checkout.home)  # from now on, whoever uses this home is the learner
        answer = checkout.lab("run", timeout_seconds=1800, LAB_PERMISSIONS_BOUNDARY=boundary)
        count = len(NOTEBOOKS)
        assert f"{count} of {count} notebooks passed" in answer.stdout, answer.stdout + answer.stderr
        assert "0 resources left" in answer.stdout
        record.write(checkout.home)
    finally:
        supervisor.stop(checkout.home)
