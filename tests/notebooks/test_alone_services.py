"""The notebooks about what Lambda works with, each alone."""

from __future__ import annotations

import pytest

from labsupport.target import Target
from tests.alone import check_alone
from tests.checkout import Checkout
from tests.course import NOTEBOOKS

pytestmark = pytest.mark.notebooks


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name >= "05"])
def test_the_notebook_alone_gives_the_outputs_that_it_keeps(
    course: Checkout, caretaker: Target, name: str
) -> None:
    check_alone(course, name, caretaker)
