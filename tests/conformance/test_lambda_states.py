"""A function's states, what is refused while they last, revisions, and AWS's waiters.

https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.waiting import wait_until
from tests.conformance.conftest import RUNTIME, archive

pytestmark = pytest.mark.functional

CODE = archive(app="def handler(event, context):\n    return context.function_version\n")
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
}
STATES = (
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
)


class NewFunction:
    """A function that was created a moment ago, and nobody has asked for it since."""

    def __init__(self, lab: Lab, **settings: Any) -> None:
        self.client = lab.client("lambda")
        self.name = lab.name("states")
        self.created = self.client.create_function(
            FunctionName=self.name,
            Role=lab.deploy_role("states", policy=POLICY),
            Runtime=RUNTIME,
            Handler="app.handler",
            Code={"ZipFile": CODE},
            **settings,
        )

    def call(self, operation: str, **parameters: Any) -> Any:
        return getattr(self.client, operation)(FunctionName=self.name, **parameters)

    def wait(self, waiter: str, **parameters: Any) -> float:
        """Return how many seconds one of AWS's waiters took."""
        begun = time.monotonic()
        self.client.get_waiter(waiter).wait(FunctionName=self.name, **parameters)
        return time.monotonic() - begun

    def refused(self, operation: str, **parameters: Any) -> tuple[str, int, str]:
        with pytest.raises(ClientError) as caught:
            self.call(operation, **parameters)
        response = caught.value.response
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        return response["Error"]["Code"], status, response["Error"]["Message"]


@pytest.fixture
def new(lab: Lab) -> NewFunction:
    return NewFunction(lab)


@pytest.fixture
def function(new: NewFunction) -> NewFunction:
    new.wait("function_active_v2")
    return new


def states(configuration: dict[str, Any]) -> dict[str, str]:
    return {name: configuration[name] for name in STATES if name in configuration}


READY = {"State": "Active", "LastUpdateStatus": "Successful"}
UPDATES: list[tuple[str, dict[str, Any]]] = [
    ("update_function_configuration", {"Timeout": 5}),
    ("update_function_code", {"ZipFile": CODE}),
]


def test_a_new_function_is_pending_and_then_active(new: NewFunction) -> None:
    assert states(new.created) == {
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
    }
    new.wait("function_active_v2")
    assert states(new.call("get_function_configuration")) == READY


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [("invoke", {}), ("publish_version", {}), *UPDATES],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_pending_function_takes_neither_invocations_nor_updates(
    new: NewFunction, operation: str, parameters: dict[str, Any]
) -> None:
    code, status, message = new.refused(operation, **parameters)
    assert (code, status) == ("ResourceConflictException", 409)
    assert message.endswith("The function is currently in the following state: Pending")
    new.wait("function_active_v2")
    new.call(operation, **parameters)


def test_a_new_function_becomes_active_when_nobody_asks(new: NewFunction) -> None:
    def invoked() -> Any:
        try:
            return new.call("invoke")
        except new.client.exceptions.ResourceConflictException:
            return None

    wait_until(invoked, doing="waiting for the function", timeout_seconds=30)


@pytest.mark.parametrize(("operation", "parameters"), UPDATES)
def test_a_function_that_is_updated_stays_active(
    function: NewFunction, operation: str, parameters: dict[str, Any]
) -> None:
    assert states(function.call(operation, **parameters)) == {
        "State": "Active",
        "LastUpdateStatus": "InProgress",
        "LastUpdateStatusReason": "The function is being created.",
        "LastUpdateStatusReasonCode": "Creating",
    }
    assert "FunctionError" not in function.call("invoke")
    function.wait("function_updated_v2")
    assert states(function.call("get_function")["Configuration"]) == READY


@pytest.mark.parametrize(("operation", "parameters"), [("publish_version", {}), *UPDATES])
def test_while_an_update_is_in_progress_another_one_is_refused(
    function: NewFunction, operation: str, parameters: dict[str, Any]
) -> None:
    arn = function.call("update_function_configuration", Timeout=7)["FunctionArn"]
    code, status, message = function.refused(operation, **parameters)
    assert (code, status) == ("ResourceConflictException", 409)
    assert message.endswith(f"An update is in progress for resource: {arn}")
    function.wait("function_updated_v2")
    function.call(operation, **parameters)


@pytest.mark.parametrize(("operation", "parameters"), [("publish_version", {}), *UPDATES])
def test_an_update_of_a_revision_that_is_not_the_latest_is_refused(
    function: NewFunction, operation: str, parameters: dict[str, Any]
) -> None:
    old = function.call("get_function_configuration")["RevisionId"]
    returned = function.call("update_function_configuration", Timeout=7)["RevisionId"]
    latest = function.call("get_function_configuration")["RevisionId"]
    assert len({old, returned, latest}) == 3, "an update has a revision of its own while it lasts"
    for revision in (old, returned):
        code, status, _message = function.refused(operation, RevisionId=revision, **parameters)
        assert (code, status) == ("PreconditionFailedException", 412)
    function.call(operation, RevisionId=latest, **parameters)


def test_awss_waiters_lose_no_time(new: NewFunction) -> None:
    """They ask again after one to five seconds: they must not have to."""
    took = [new.wait("function_active_v2"), new.wait("function_exists")]
    new.call("update_function_configuration", Timeout=7)
    took.append(new.wait("function_updated_v2"))
    version = new.call("publish_version")["Version"]
    took.append(new.wait("published_version_active", Qualifier=version))
    assert max(took) < 1


def test_a_version_that_is_published_at_creation_is_pending_too(lab: Lab) -> None:
    new = NewFunction(lab, Publish=True)
    assert new.refused("invoke", Qualifier="1")[0] == "ResourceConflictException"
    new.wait("published_version_active", Qualifier="1")
    assert new.call("invoke", Qualifier="1")["Payload"].read() == b'"1"'
