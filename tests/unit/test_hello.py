from __future__ import annotations

import json
import runpy
from pathlib import Path
from string import Template

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
handler = runpy.run_path(str(FUNCTIONS / "hello" / "handler.py"))["handler"]


@pytest.mark.parametrize(
    ("event", "message"),
    [({"name": "Mai"}, "Hello, Mai!"), ({"name": "Ánh"}, "Hello, Ánh!"), ({}, "Hello, world!")],
    ids=["name", "accented name", "no name"],
)
def test_hello_greets_and_prints_one_line(event, message, capsys):
    assert handler(event, None) == {"message": message}
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("name", ["hello", "thumbnail"])
def test_a_functions_policy_becomes_json_once_its_placeholders_are_filled(name):
    filled = Template((FUNCTIONS / name / "policy.json").read_text()).substitute(
        account="123456789012",
        region="eu-west-1",
        function_name=f"lab-me-{name}",
        source_bucket="photos",
        target_bucket="thumbs",
        failure_queue="failed",
    )
    policy = json.loads(filled)
    log_group = f"arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/lab-me-{name}"
    allowed = {
        (action, statement["Resource"])
        for statement in policy["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    expected = {
        ("logs:CreateLogGroup", log_group),
        ("logs:CreateLogStream", f"{log_group}:*"),
        ("logs:PutLogEvents", f"{log_group}:*"),
    }
    if name == "thumbnail":
        expected |= {
            ("s3:GetObject", "arn:aws:s3:::photos/raw/*"),
            ("s3:PutObject", "arn:aws:s3:::thumbs/thumbnails/*"),
            ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:failed"),
        }
    assert allowed == expected
    assert {statement["Effect"] for statement in policy["Statement"]} == {"Allow"}


@pytest.mark.parametrize(
    "source", sorted(FUNCTIONS.rglob("*.py")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_a_function_stands_on_its_own(source):
    assert "labsupport" not in source.read_text()
