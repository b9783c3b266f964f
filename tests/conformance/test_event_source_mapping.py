"""What Lambda asks before it polls a queue or a stream for a function.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

TELLS = """
    def handler(event, context):
        for record in event["Records"]:
            print("told", record["body"])
        print("batch of", len(event["Records"]))
"""
LOGS = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
QUEUE_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


class Poller:
    """A function, its execution role, and what Lambda polls for it."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.client = lab, lab.client("lambda")
        self.may()
        self.role = lab.deploy_role("poller", policy=self.policy)
        self.function = lab.deploy_function(
            "poller", code=archive(app=TELLS), handler="app.handler", role_arn=self.role, timeout_seconds=20
        ).name
        self.queue = lab.deploy_queue("jobs")
        self.mappings: list[str] = []

    def may(self, *actions: str, resource: str = "*") -> None:
        """Let the role do just this, besides writing logs."""
        statements = [{"Effect": "Allow", "Action": list(actions), "Resource": resource}] if actions else []
        self.policy = {"Version": "2012-10-17", "Statement": [LOGS, *statements]}
        if hasattr(self, "role"):
            self.lab.deploy_role("poller", policy=self.policy)

    def map(self, arn: str | None = None, **settings: Any) -> str:
        """Create a mapping and return its UUID."""
        made = self.client.create_event_source_mapping(
            FunctionName=self.function, EventSourceArn=arn or self.queue.arn, **settings
        )
        self.mappings.append(made["UUID"])
        return made["UUID"]

    def refusal(self, arn: str | None = None, **settings: Any) -> tuple[str, str]:
        """Return the code and the message of AWS's refusal."""
        with pytest.raises(ClientError) as refused:
            self.map(arn, **settings)
        error = refused.value.response["Error"]
        return error["Code"], error["Message"]

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.lab.client("sqs").send_message(QueueUrl=self.queue.url, MessageBody=body)

    def waiting(self) -> dict[str, str]:
        """Return how many messages are visible and how many are hidden."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs = self.lab.client("sqs")
        return sqs.get_queue_attributes(QueueUrl=self.queue.url, AttributeNames=names)["Attributes"]


@pytest.fixture(scope="module")
def poller(module_lab: Lab) -> Poller:
    return Poller(module_lab)


@pytest.fixture(autouse=True)
def unmapped(poller: Poller) -> Iterator[None]:
    yield
    for uuid in poller.mappings:
        poller.client.delete_event_source_mapping(UUID=uuid)
    poller.mappings.clear()


@pytest.mark.parametrize("missing", QUEUE_ACTIONS)
def test_the_role_must_be_allowed_to_read_from_the_queue(poller: Poller, missing: str) -> None:
    poller.may(*(action for action in QUEUE_ACTIONS if action != missing), resource=poller.queue.arn)
    assert poller.refusal() == (
        "InvalidParameterValueException",
        f"The function execution role does not have permissions to call {missing.partition(':')[2]} on SQS",
    )
    poller.may(*QUEUE_ACTIONS, resource=poller.queue.arn)
    poller.map()


def test_the_queues_own_policy_may_allow_it_as_well(poller: Poller) -> None:
    poller.may()
    assert poller.refusal()[0] == "InvalidParameterValueException"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": poller.role},
        "Action": list(QUEUE_ACTIONS),
        "Resource": poller.queue.arn,
    }
    sqs = poller.lab.client("sqs")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=poller.queue.url, Attributes={"Policy": policy})
    poller.map()
    sqs.set_queue_attributes(QueueUrl=poller.queue.url, Attributes={"Policy": ""})


def test_without_its_permission_lambda_stops_to_poll(poller: Poller) -> None:
    poller.may(*QUEUE_ACTIONS)
    poller.map()
    poller.send("one")
    poller.lab.logs("poller", until="told one")
    poller.may()
    poller.send("two")
    other = poller.lab.deploy_queue("other")
    poller.lab.client("sqs").send_message(QueueUrl=other.url, MessageBody="wakes the pollers")
    assert poller.waiting()["ApproximateNumberOfMessages"] == "1", "nobody takes it"
    poller.may(*QUEUE_ACTIONS)
    poller.lab.logs("poller", until="told two")


def test_a_message_stays_hidden_as_long_as_the_function_may_take(poller: Poller) -> None:
    poller.may(*QUEUE_ACTIONS)
    sqs = poller.lab.client("sqs")
    sqs.set_queue_attributes(QueueUrl=poller.queue.url, Attributes={"VisibilityTimeout": "19"})
    assert poller.refusal() == (
        "InvalidParameterValueException",
        "Queue visibility timeout: 19 seconds is less than Function timeout: 20 seconds",
    )
    sqs.set_queue_attributes(QueueUrl=poller.queue.url, Attributes={"VisibilityTimeout": "20"})
    poller.map()


def test_one_source_and_one_function_have_one_mapping(poller: Poller) -> None:
    poller.may(*QUEUE_ACTIONS)
    uuid = poller.map()
    code, message = poller.refusal()
    assert code == "ResourceConflictException"
    assert message.endswith(f"Please update or delete the existing mapping with UUID {uuid}")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0"),
        ({"MaximumRetryAttempts": 1}, "Unsupported parameters"),
    ],
)
def test_settings_that_a_queue_can_not_have(poller: Poller, settings: dict[str, int], words: str) -> None:
    poller.may(*QUEUE_ACTIONS)
    assert words in poller.refusal(**settings)[1]


def test_a_queue_that_is_not_there_is_refused(poller: Poller) -> None:
    poller.may(*QUEUE_ACTIONS)
    assert "NonExistentQueue" in poller.refusal(f"{poller.queue.arn}-else")[1]


def test_an_update_is_asked_the_same(poller: Poller) -> None:
    poller.may(*QUEUE_ACTIONS)
    uuid = poller.map()
    with pytest.raises(ClientError, match="Maximum batch window in seconds"):
        poller.client.update_event_source_mapping(UUID=uuid, BatchSize=100)
    poller.client.update_event_source_mapping(UUID=uuid, BatchSize=100, MaximumBatchingWindowInSeconds=1)
