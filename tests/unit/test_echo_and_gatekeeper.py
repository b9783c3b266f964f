"""The functions echo and gatekeeper, which notebook 06 puts behind and in front of its API."""

from __future__ import annotations

import hashlib
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
KEY = "a-key-of-this-test"


def handler(name: str) -> Any:
    return runpy.run_path(str(FUNCTIONS / name / "handler.py"))["handler"]


def event(name: str) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads((FUNCTIONS / name / "event.json").read_text())
    return sample


def test_echo_answers_with_the_event_and_names_no_status() -> None:
    answer = handler("echo")(event("echo"), None)
    assert answer == event("echo")
    assert "statusCode" not in answer


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"authorization": KEY}, True),
        ({"authorization": "another"}, False),
        ({"authorization": ""}, False),
        ({"authorization": KEY.upper()}, False),
        ({"authorization": "ключ"}, False),
        ({}, False),
    ],
    ids=["the key", "another", "empty", "upper case", "not ASCII", "none"],
)
def test_the_gatekeeper_lets_in_who_shows_the_key(
    headers: dict[str, str],
    allowed: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KEY_SHA256", hashlib.sha256(KEY.encode()).hexdigest())
    answer = handler("gatekeeper")(event("gatekeeper") | {"headers": headers}, None)
    assert answer["isAuthorized"] is allowed
    assert answer["context"] == ({"partner": "wholesale"} if allowed else {})
    logged = capsys.readouterr().out
    assert json.loads(logged) == {"route": "GET /echo/{name}", "allowed": allowed}
    assert KEY not in logged
