"""The two functions of notebook 03."""

from __future__ import annotations

import json
import runpy
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
RECEIPT = FUNCTIONS / "receipt" / "handler.py"


def handler_of(name):
    return runpy.run_path(str(FUNCTIONS / name / "handler.py"))["handler"]


def test_busy_takes_its_time_and_names_its_environment(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    context = SimpleNamespace(log_stream_name="2026/11/24/[$LATEST]abc")
    begun = time.monotonic()
    answer = handler_of("busy")({"seconds": 0.1}, context)
    assert time.monotonic() - begun >= 0.1
    assert answer == {"environment": "2026/11/24/[$LATEST]abc", "initialized": "on-demand"}


def test_busys_init_phase_is_as_long_as_it_is_told(monkeypatch):
    monkeypatch.setenv("INIT_SECONDS", "0.1")
    begun = time.monotonic()
    handler_of("busy")
    assert time.monotonic() - begun >= 0.1


def test_receipt_adds_up_and_prints_one_line(capsys):
    event = json.loads((FUNCTIONS / "receipt" / "event.json").read_text())
    assert handler_of("receipt")(event, None) == {"order": 1, "total": 21.0}
    assert capsys.readouterr().out == "Order 1: 21.00\n"


POISON = {"order": 7, "items": [{"price": "4,50", "count": 2}]}


def test_a_price_as_text_is_poison_until_the_notebooks_fix():
    with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \+: 'int' and 'str'"):
        handler_of("receipt")(POISON, None)
    code, fixed = RECEIPT.read_text(), {}
    assert code.count('item["price"]') == 1
    exec(code.replace('item["price"]', 'float(str(item["price"]).replace(",", "."))'), fixed)
    assert fixed["handler"](POISON, None) == {"order": 7, "total": 9.0}
    assert fixed["handler"]({"order": 1, "items": [{"price": 4.5, "count": 2}]}, None)["total"] == 9.0
