"""Logs appear only when the execution role may write them.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
"""

from __future__ import annotations

from typing import Any

import pytest

from labsupport.lab import Lab
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

ALL = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")


def statement(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": resource}],
    }


def logged(lab: Lab, policy: dict[str, Any]) -> bool:
    """Tell whether a function with this policy leaves a log."""
    role = lab.deploy_role("speaker", policy=policy)
    code = archive(app="def handler(event, context):\n    print('said something')\n")
    lab.deploy_function("speaker", code=code, handler="app.handler", role_arn=role)
    answer = lab.invoke("speaker")
    assert not answer.failed
    assert "said something" in answer.log_lines, "the tail of the log comes with the answer all the same"
    groups = lab.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{lab.name('speaker')}")
    return bool(groups["logGroups"]) and any("said something" in e.message for e in lab.logs("speaker"))


def test_a_role_with_all_three_actions_leaves_a_log(lab: Lab) -> None:
    own = f"arn:aws:logs:{lab.region}:{lab.account}:log-group:/aws/lambda/{lab.name('speaker')}"
    assert logged(lab, statement(*ALL, resource=f"{own}*"))


@pytest.mark.parametrize("missing", ALL)
def test_a_role_without_one_of_them_leaves_none(lab: Lab, missing: str) -> None:
    assert not logged(lab, statement(*(action for action in ALL if action != missing)))


def test_a_role_for_another_log_group_leaves_none(lab: Lab) -> None:
    other = f"arn:aws:logs:{lab.region}:{lab.account}:log-group:/aws/lambda/somebody-else*"
    assert not logged(lab, statement(*ALL, resource=other))


def test_an_existing_log_group_needs_no_permission_to_create_one(lab: Lab) -> None:
    lab.client("logs").create_log_group(logGroupName=f"/aws/lambda/{lab.name('speaker')}")
    assert logged(lab, statement("logs:CreateLogStream", "logs:PutLogEvents"))
