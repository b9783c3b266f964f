"""functions/: plain Lambda handlers with a sample event and a policy of least privilege."""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path for path in (ROOT / "functions").iterdir() if path.is_dir() and path.name[0] != "_")
IN_THE_RUNTIME = {"boto3", "botocore"}
LAYERS = {"PIL": "pillow", "pydantic": "pydantic", "pydantic_core": "pydantic"}
"""Which layer brings a module that Lambda's runtime lacks."""

pytestmark = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda path: path.name)


def statements(function: Path) -> list[dict[str, Any]]:
    policy = json.loads((function / "policy.json").read_text())
    assert set(policy) == {"Version", "Statement"}
    assert policy["Version"] == "2012-10-17"
    assert policy["Statement"]
    return list(policy["Statement"])


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_it_has_a_handler(function: Path) -> None:
    module = ast.parse((function / "handler.py").read_text())
    [handler] = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "handler"]
    assert [argument.arg for argument in handler.args.args] == ["event", "context"]
    assert ast.get_docstring(handler)


def test_it_imports_nothing_that_lambda_will_not_have(function: Path) -> None:
    own = {path.stem for path in function.glob("*.py")}
    for path in function.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            for name in {name.split(".")[0] for name in names} - sys.stdlib_module_names - own:
                layer = ROOT / "layers" / LAYERS.get(name, "none of them") / "requirements.txt"
                assert name in IN_THE_RUNTIME or layer.is_file(), f"{path.name} imports {name}"


def test_its_sample_event_is_a_json_object(function: Path) -> None:
    assert isinstance(json.loads((function / "event.json").read_text()), dict)


def test_its_policy_allows_named_actions_on_named_resources(function: Path) -> None:
    sids = [statement["Sid"] for statement in statements(function)]
    assert len(set(sids)) == len(sids)
    for statement in statements(function):
        assert set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}, statement
        assert statement["Effect"] == "Allow"
        for action in as_list(statement["Action"]):
            assert re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z]+", action), f"not one action: {action}"
        for resource in as_list(statement["Resource"]):
            if re.fullmatch(r"\$\{\w+_arns\}", resource):  # a list that the deployment fills in
                continue
            service, name = re.fullmatch(r"arn:aws:([a-z0-9-]+):[^:]*:[^:]*:(.+)", resource).groups()  # type: ignore[union-attr]
            assert not name.startswith("*"), f"any resource of {service}: {resource}"
            assert re.search(r"\$\{\w+\}", name), f"a name that is the same for everybody: {resource}"
            assert not re.search(r"\d{12}", resource), f"an account of somebody's: {resource}"


def test_its_policy_lets_it_write_its_own_logs(function: Path) -> None:
    group = "arn:aws:logs:${region}:${account}:log-group:/aws/lambda/${function_name}"
    allowed = {
        (action, resource)
        for statement in statements(function)
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if action.startswith("logs:")
    }
    assert allowed == {
        ("logs:CreateLogGroup", group),
        ("logs:CreateLogStream", f"{group}:*"),
        ("logs:PutLogEvents", f"{group}:*"),
    }
