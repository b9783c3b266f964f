"""The state is saved soon after a change, and never at the cost of whoever makes the next one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from labsupport.localcloud import state
from labsupport.localcloud.state import StateKeeper

pytestmark = pytest.mark.functional


def test_saving_a_long_history_takes_a_small_part_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "GATHER_SECONDS", 0.01)
    saves_seconds: list[float] = []

    def collect() -> dict[str, Any]:
        begun = time.thread_time()
        while time.thread_time() - begun < 0.02:
            sum(range(1000))
        saves_seconds.append(time.thread_time() - begun)
        return {}

    keeper = StateKeeper(tmp_path, "1", collect)
    keeper.start()
    begun = time.monotonic()
    while time.monotonic() - begun < 1.0:
        keeper.note_change()
        time.sleep(0.005)
    took = time.monotonic() - begun
    keeper.stop()
    assert len(saves_seconds) > 2
    assert sum(saves_seconds) / took < 0.3, "it would be two thirds if nobody rested"
