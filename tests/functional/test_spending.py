"""The ceiling of a notebook on the local cloud, where it stops nobody unless it is set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from labsupport.errors import SpendingError
from labsupport.lab import Lab
from labsupport.localcloud.record import CloudRecord
from labsupport.settings import Settings
from labsupport.spending import LEDGER
from labsupport.teardown import teardown

pytestmark = pytest.mark.functional

ALMOST_NOTHING = 1e-6


@pytest.fixture
def at_home(settings: Settings, tmp_path: Any) -> Settings:
    """Return settings whose ledger is this test's own; the cloud is the session's."""
    (tmp_path / "cloud.json").symlink_to(settings.home / "cloud.json")
    return replace(settings, home=tmp_path)


def test_at_the_ceiling_nothing_more_is_built_but_everything_can_be_looked_at_and_deleted(
    cloud: CloudRecord, at_home: Settings, capsys: Any
) -> None:
    lab = Lab("05", settings=replace(at_home, max_usd=ALMOST_NOTHING))
    setup = capsys.readouterr().out
    assert "This notebook costs about $" in setup
    assert "LAB_MAX_USD" in setup
    try:
        lab.deploy_bucket("photos")  # lists and tags are requests that S3 charges for
        with pytest.raises(SpendingError, match="LAB_MAX_USD"):
            lab.client("s3").put_object(Bucket=lab.name("photos"), Key="k", Body=b"x")
        assert lab.client("s3").list_objects_v2(Bucket=lab.name("photos"))["KeyCount"] == 0

        again = Lab("06", settings=replace(at_home, max_usd=ALMOST_NOTHING))
        with pytest.raises(SpendingError):
            again.deploy_queue("done")
        higher = Lab("06", settings=replace(at_home, max_usd=1.0))
        higher.deploy_queue("done")
        assert len(lab.inventory()) == 2
        assert lab.teardown().is_clean
    finally:
        teardown(lab.target, late_log_seconds=0)


def test_without_a_ceiling_the_local_cloud_says_nothing_of_money(
    cloud: CloudRecord, at_home: Settings, capsys: Any
) -> None:
    Lab("05", settings=at_home)
    assert "$" not in capsys.readouterr().out
    assert not (at_home.home / LEDGER).exists()
