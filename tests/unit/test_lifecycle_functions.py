"""The functions of notebook 01_lambda_lifecycle, called as Lambda calls them."""

from __future__ import annotations

import os
import runpy
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Context:
    aws_request_id: str = "one"


def load(name: str):
    return runpy.run_path(str(ROOT / "functions" / name / "handler.py"))["handler"]


def test_probe_remembers_in_memory_and_in_tmp(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    probe = load("probe")
    first, second = (probe({}, Context()) for _ in range(2))
    assert (second["calls in memory"], second["calls in /tmp"]) == (2, 2)
    assert first["environment"] == second["environment"]
    after_a_reset = load("probe")({}, Context())
    assert (after_a_reset["calls in memory"], after_a_reset["calls in /tmp"]) == (1, 3)
    assert after_a_reset["environment"] != first["environment"]


def test_a_basket_is_nobody_elses():
    basket = load("basket")
    event = {"customer": "Mai", "item": "tea", "basket": ["rice"]}
    assert basket(event, None)["basket"] == ["rice", "tea"]
    assert event["basket"] == ["rice"], "the caller's own list is left alone"
    assert basket({"customer": "Tom", "item": "coffee"}, None) == {"customer": "Tom", "basket": ["coffee"]}


@pytest.mark.parametrize("module", ["handler", "imports_boto3", "client_in_init", "client_in_handler"])
def test_each_module_of_starts_answers(module, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    handler = runpy.run_path(str(ROOT / "functions" / "starts" / f"{module}.py"))["handler"]
    assert handler({}, None) == ("done, with S3" if module.startswith("client") else "done")


def test_the_lifecycle_extension_can_be_started():
    assert os.access(ROOT / "layers" / "lifecycle" / "extensions" / "lifecycle", os.X_OK)
