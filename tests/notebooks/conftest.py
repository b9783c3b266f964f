"""The course on a cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from labsupport.localcloud.record import CloudRecord
from tests.checkout import Checkout
from tests.course import add_course, new_owner


@pytest.fixture
def course(cloud: CloudRecord, cloud_home: Path, tmp_path: Path) -> Checkout:
    """The course on the session's cloud, for an owner who has built nothing yet."""
    return add_course(Checkout(tmp_path, home=cloud_home, owner=new_owner()))
