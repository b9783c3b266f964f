"""A function's role: who may give it, and whether Lambda may take it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.localcloud import supervisor
from labsupport.session import LocalSession
from labsupport.settings import Settings
from labsupport.waiting import wait_until
from tests.conformance.conftest import RUNTIME, archive, may

LOGS = {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*"}
POLICY = {"Version": "2012-10-17", "Statement": [LOGS]}
CODE = {"ZipFile": archive(app="def handler(event, context): return event")}
CANNOT_BE_ASSUMED = "The role defined for the function cannot be assumed by Lambda."
PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"


def trust(**statement: Any) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def create(client: Any, name: str, role_arn: str) -> Any:
    return client.create_function(
        FunctionName=name, Role=role_arn, Runtime=RUNTIME, Handler="app.handler", Code=CODE
    )


@pytest.fixture
def developer(lab: Lab, somebody: tuple[str, LocalSession]) -> tuple[str, LocalSession]:
    """Return an IAM user who may do everything with Lambda, and a session of theirs."""
    may(lab.client("iam"), somebody[0], {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"})
    return somebody


def test_a_role_is_given_only_by_who_may_pass_it_to_lambda(
    lab: Lab, developer: tuple[str, LocalSession]
) -> None:
    name, session = developer
    client = session.client("lambda")
    role = lab.deploy_role("r", policy=POLICY)
    with pytest.raises(ClientError) as denied:
        create(client, lab.name("f"), role)
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"
    said = denied.value.response["Error"]["Message"]
    assert f"user/{name} is not authorized to perform: iam:PassRole on resource: {role} because" in said
    everything = {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role}
    to = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    may(lab.client("iam"), name, everything, {**passing, "Condition": to})
    with pytest.raises(ClientError, match="iam:PassRole"):
        create(client, lab.name("f"), role)
    to = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    may(lab.client("iam"), name, everything, {**passing, "Condition": to})
    create(client, lab.name("f"), role)
    client.get_waiter("function_active_v2").wait(FunctionName=lab.name("f"))
    other = lab.deploy_role("other", policy=POLICY)
    with pytest.raises(ClientError, match="iam:PassRole"):
        client.update_function_configuration(FunctionName=lab.name("f"), Role=other)
    client.update_function_configuration(FunctionName=lab.name("f"), Timeout=5)  # names no role


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": {"Service": "ec2.amazonaws.com"}},
        {"Principal": {"Service": "lambda.amazonaws.com"}, "Effect": "Deny"},
        {"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:TagSession"},
    ],
    ids=["trusts another service", "denies Lambda", "allows another action"],
)
def test_a_role_that_lambda_cannot_assume_is_refused(lab: Lab, statement: dict[str, Any]) -> None:
    role = lab.deploy_role("r", policy=POLICY)
    lab.client("iam").update_assume_role_policy(RoleName=lab.name("r"), PolicyDocument=trust(**statement))
    with pytest.raises(ClientError) as refused:
        create(lab.client("lambda"), lab.name("f"), role)
    assert refused.value.response["Error"] == {
        "Code": "InvalidParameterValueException",
        "Message": CANNOT_BE_ASSUMED,
    }


def test_a_role_that_is_not_there_is_refused(lab: Lab) -> None:
    with pytest.raises(ClientError, match="cannot be found"):
        create(lab.client("lambda"), lab.name("f"), f"arn:aws:iam::{lab.account}:role/{lab.name('nobody')}")


def test_lambda_may_be_one_of_several_that_are_trusted(lab: Lab) -> None:
    role = lab.deploy_role("r", policy=POLICY)
    both = trust(Principal={"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]})
    lab.client("iam").update_assume_role_policy(RoleName=lab.name("r"), PolicyDocument=both)
    assert create(lab.client("lambda"), lab.name("f"), role)["Role"] == role


def test_a_new_role_can_be_assumed_after_a_while(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_ROLE_DELAY_SECONDS", "3")
    supervisor.start(tmp_path)
    try:
        lab = Lab("05", settings=replace(settings, home=tmp_path))
        role, client = lab.deploy_role("r", policy=POLICY), lab.client("lambda")
        began = time.monotonic()
        with pytest.raises(ClientError, match=CANNOT_BE_ASSUMED):
            create(client, lab.name("f"), role)

        def created() -> bool:
            try:
                create(client, lab.name("f"), role)
            except ClientError as error:
                assert CANNOT_BE_ASSUMED in str(error)
                return False
            return True

        wait_until(created, doing="waiting for the role", timeout_seconds=30)
        assert time.monotonic() - began > 1
        lab.deploy_function("hello")  # the lab waits by itself
        assert lab.invoke("hello", {"name": "you"}).error_type is None
    finally:
        supervisor.stop(tmp_path)
