"""What AWS does to a deployment now and then, and the local cloud doesn't: told by a Lambda of our own."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.hooks import HierarchicalEmitter

from labsupport.errors import DeployError
from labsupport.resources import function
from labsupport.target import Target

ROLE = "arn:aws:iam::111122223333:role/lab-anna-echo"
CANNOT_ASSUME = "The role defined for the function cannot be assumed by Lambda."
READY = {"State": "Active", "LastUpdateStatus": "Successful"}
IN_PROGRESS = {"State": "Active", "LastUpdateStatus": "InProgress"}


def aws_error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class FakeLambda:
    """A Lambda that refuses the writing calls it is told to, and goes through the states that it is told."""

    def __init__(self, refusals: list[ClientError], states: list[dict[str, str]]) -> None:
        self.events = HierarchicalEmitter()
        self.refusals, self.states = refusals, states
        self.configuration: dict[str, Any] | None = None
        self.calls: list[str] = []

    def client(self, service: str, **_: Any) -> FakeLambda:
        return self

    def get_function(self, FunctionName: str) -> dict[str, Any]:
        if self.configuration is None:
            raise aws_error("ResourceNotFoundException", "Function not found")
        tags = {"lab": "serverless-lab", "lab-owner": "anna", "lab-expires": "2999-01-01T00:00:00Z"}
        return {"Configuration": self.configuration, "Tags": tags}

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {**(self.configuration or {}), **state}

    def create_function(self, **wanted: Any) -> None:
        self._write("create", wanted)

    def update_function_code(self, FunctionName: str, ZipFile: bytes) -> None:
        self._write("code", {})

    def update_function_configuration(self, **wanted: Any) -> None:
        self._write("configuration", wanted)

    def _write(self, call: str, wanted: dict[str, Any]) -> None:
        self.calls.append(call)
        if self.refusals:
            raise self.refusals.pop(0)
        known = {"FunctionName": "lab-anna-echo", "FunctionArn": "arn", "CodeSha256": "x", "CodeSize": 1}
        kept = {key: value for key, value in wanted.items() if key not in ("Code", "Tags", "Layers")}
        self.configuration = {**known, **(self.configuration or {}), **kept}


def deploy(fake: FakeLambda, **options: Any) -> function.FunctionDescription:
    target = Target("aws", "111122223333", "us-east-1", "anna", None, fake)
    return function.deploy_function(target, "lab-anna-echo", code=b"zip", role_arn=ROLE, **options)


def test_when_the_role_is_too_new_then_the_creation_is_tried_again() -> None:
    fake = FakeLambda([aws_error("InvalidParameterValueException", CANNOT_ASSUME)] * 2, [READY])
    assert deploy(fake).change == "created"
    assert fake.calls == ["create", "create", "create"]


def test_when_an_update_is_in_progress_then_the_next_one_is_tried_again() -> None:
    fake = FakeLambda([], [READY])
    deploy(fake)
    fake.refusals = [aws_error("ResourceConflictException", "An update is in progress for resource")]
    assert deploy(fake).change == "code updated"
    assert fake.calls == ["create", "code", "code"]


def test_when_an_answer_was_lost_and_it_is_already_there_then_the_build_begins_again() -> None:
    fake = FakeLambda(
        [aws_error("ResourceConflictException", "Function already exist: lab-anna-echo")], [READY]
    )
    assert deploy(fake).change == "created"
    assert fake.calls == ["create", "create"]


@pytest.mark.parametrize(
    "refusal",
    [
        aws_error("InvalidParameterValueException", "Unzipped size must be smaller than 262144000 bytes"),
        aws_error("AccessDeniedException", "not authorized to perform: iam:PassRole"),
    ],
)
def test_any_other_refusal_is_shown_at_once(refusal: ClientError) -> None:
    fake = FakeLambda([refusal], [READY])
    with pytest.raises(ClientError) as caught:
        deploy(fake)
    assert caught.value is refusal
    assert fake.calls == ["create"]


def test_it_returns_only_when_the_function_is_active_and_no_update_is_in_progress() -> None:
    fake = FakeLambda([], [{"State": "Pending", "LastUpdateStatus": "InProgress"}, IN_PROGRESS, READY])
    deploy(fake)
    assert fake.states == [READY]


@pytest.mark.parametrize(
    "failed",
    [
        {"State": "Failed", "StateReason": "the subnet is gone", "LastUpdateStatus": "Successful"},
        {"State": "Active", "LastUpdateStatus": "Failed", "LastUpdateStatusReason": "the subnet is gone"},
    ],
)
def test_when_lambda_fails_then_its_reason_is_the_cause(failed: dict[str, str]) -> None:
    with pytest.raises(DeployError, match="the subnet is gone"):
        deploy(FakeLambda([], [IN_PROGRESS, failed]))
