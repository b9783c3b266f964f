"""The three functions of notebook 02."""

from __future__ import annotations

import hashlib
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"


def load(function: str) -> Any:
    return runpy.run_path(str(FUNCTIONS / function / "handler.py"))["handler"]


def sample_event(function: str) -> dict[str, Any]:
    return json.loads((FUNCTIONS / function / "event.json").read_text())


def policy(function: str) -> dict[str, Any]:
    return json.loads((FUNCTIONS / function / "policy.json").read_text())


class FakeQueue:
    def __init__(self, *bodies: str) -> None:
        self.bodies = bodies
        self.request: dict[str, Any] = {}

    def receive_message(self, **request: Any) -> dict[str, Any]:
        self.request = request
        return {"Messages": [{"Body": body} for body in self.bodies]} if self.bodies else {}


def test_the_same_password_has_the_same_hash_and_more_rounds_another() -> None:
    handler, event = load("password"), sample_event("password") | {"rounds": 10}
    expected = hashlib.pbkdf2_hmac("sha256", event["password"].encode(), event["salt"].encode(), 10).hex()
    assert handler(event, None) == handler(event, None) == {"hash": expected}
    assert handler(event | {"rounds": 11}, None) != {"hash": expected}


@pytest.mark.parametrize(("bodies", "count"), [((), 0), (("a", "b"), 2)])
def test_the_mailbox_waits_at_the_queue_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, bodies: tuple[str, ...], count: int
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("QUEUE_URL", "https://queue")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    handler, queue = load("mailbox"), FakeQueue(*bodies)
    handler.__globals__["sqs"] = queue
    assert handler(sample_event("mailbox"), None) == {"messages": count}
    assert queue.request == {"QueueUrl": "https://queue", "WaitTimeSeconds": 1}


def test_collect_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert load("collect")({"parts": 3}, None) == {"bytes": 30 * 1024**2}
    assert capsys.readouterr().out.splitlines() == [
        "part 1: 10 MB in memory",
        "part 2: 20 MB in memory",
        "part 3: 30 MB in memory",
    ]


def test_its_sample_event_needs_more_than_the_smallest_memory() -> None:
    assert sample_event("collect")["parts"] * 10 > 128


def test_only_the_mailbox_may_do_more_than_write_its_own_logs() -> None:
    assert policy("password") == policy("collect") == policy("hello")
    [own] = [each for each in policy("mailbox")["Statement"] if each not in policy("hello")["Statement"]]
    assert own["Action"] == "sqs:ReceiveMessage"
    assert own["Resource"].endswith(":${queue}")
