"""EventBridge Scheduler delivers with a schedule's role, which must be passed, assumed, and allowed to.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.resources.role import deploy_role
from labsupport.session import LocalSession
from tests.conformance.conftest import archive, may, total

pytestmark = pytest.mark.functional

PAST = "at(2026-01-01T00:00:00)"
TELLS = "def handler(event, context):\n    print('told', event['text'])\n"
GONE = "AWS.SimpleQueueService.NonExistentQueue"
NOT_ASSUMED = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."


class Schedules:
    """Schedules of a test: they are due at once."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.client, self._made = lab, lab.client("scheduler"), list[str]()

    def role(self, name: str, *actions: str, trust: str = "scheduler.amazonaws.com") -> str:
        statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        return deploy_role(self.lab.target, self.lab.name(name), policy=policy, trust=trust)

    def make(
        self, name: str, target: str, role: str, *, client: Any = None, dead: str | None = None, **more: Any
    ) -> None:
        self._made.append(self.lab.name(name))
        letters_to: Any = {"DeadLetterConfig": {"Arn": dead}} if dead else {}
        (client or self.client).create_schedule(
            Name=self.lab.name(name),
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": target, "RoleArn": role, "Input": json.dumps({"text": name}), **letters_to},
            **{"ScheduleExpression": PAST, **more},
        )

    def delete(self) -> None:
        there = {each["Name"] for each in self.client.list_schedules()["Schedules"]}
        for name in there & set(self._made):
            self.client.delete_schedule(Name=name)


@pytest.fixture
def schedules(lab: Lab) -> Iterator[Schedules]:
    made = Schedules(lab)
    yield made
    made.delete()


def test_a_schedule_is_delivered_by_a_role_that_may(lab: Lab, schedules: Schedules) -> None:
    logs = schedules.role("logs", "logs:*", trust="lambda.amazonaws.com")
    teller = lab.deploy_function("teller", code=archive(app=TELLS), handler="app.handler", role_arn=logs)
    queue = lab.deploy_queue("queue")
    soon = datetime.now(UTC) + timedelta(seconds=3)
    due = f"at({soon:%Y-%m-%dT%H:%M:%S})"  # in the order in which they were made
    role = schedules.role("revoked", "sqs:SendMessage")
    schedules.make("revoked", queue.arn, role, ScheduleExpression=due)
    role = schedules.role("other", "lambda:InvokeFunction")
    schedules.make("other-action", queue.arn, role, ScheduleExpression=due)
    role = schedules.role("sender", "sqs:SendMessage")
    schedules.make("permitted", queue.arn, role, ScheduleExpression=due)
    role = schedules.role("invoker", "lambda:InvokeFunction")
    schedules.make("invoked", teller.arn, role, ScheduleExpression=due)
    schedules.role("revoked", "sqs:SendMessage", trust="lambda.amazonaws.com")
    lab.logs("teller", until="told invoked")
    bodies = lab.client("sqs").receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(each["Body"])["text"] for each in bodies] == ["permitted"]


def test_a_schedule_that_is_made_again_is_due_again(lab: Lab, schedules: Schedules) -> None:
    queue, sqs = lab.deploy_queue("queue"), lab.client("sqs")
    role = schedules.role("sender", "sqs:SendMessage")
    for _ in range(2):
        schedules.make("once", queue.arn, role)
        received: list[Any] = []
        lab.wait_until(
            lambda: received.extend(sqs.receive_message(QueueUrl=queue.url).get("Messages", [])) or received,  # noqa: B023
            doing="waiting for the message",
        )
        sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=received[0]["ReceiptHandle"])
        schedules.delete()


def test_what_the_role_cannot_deliver_goes_to_the_schedules_dead_letter_queue(
    lab: Lab, schedules: Schedules, request: pytest.FixtureRequest
) -> None:
    group, sqs = lab.name("group"), lab.client("sqs")
    schedules.client.create_schedule_group(Name=group)
    request.addfinalizer(lambda: schedules.client.delete_schedule_group(Name=group))
    open_, gone, dead = (lab.deploy_queue(name) for name in ("open", "gone", "dead"))
    sqs.delete_queue(QueueUrl=gone.url)
    function = f"arn:aws:lambda:{lab.region}:{lab.account}:function:{lab.name('function')}"
    sender = schedules.role("sender", "sqs:SendMessage")
    invoker = schedules.role("invoker", "lambda:InvokeFunction")
    for name, target, role, queue in (
        ("delivered", open_.arn, sender, dead.arn),
        ("gone", gone.arn, sender, dead.arn),
        ("denied", function, sender, dead.arn),
        ("unsent", open_.arn, invoker, dead.arn),
        ("gone-too", function, invoker, gone.arn),
        ("dropped", gone.arn, sender, None),
    ):
        schedules.make(name, target, role, dead=queue, GroupName=group)

    def counted(name: str) -> float:
        return total(lab, "AWS/Scheduler", name, ScheduleGroup=group)

    unsent = "InvocationsFailedToBeSentToDeadLetterCount"
    lab.wait_until(lambda: counted("TargetErrorCount") == 5, doing="waiting for the errors")
    lab.wait_until(lambda: counted(unsent) == 2, doing="waiting for the queues that don't get them")
    assert counted("InvocationAttemptCount") == 6
    lab.wait_until(lambda: counted("InvocationsSentToDeadLetterCount") == 2, doing="waiting for the letters")
    assert counted(f"{unsent}_AccessDenied") == counted(f"{unsent}_{GONE}") == 1
    letters = lab.client("sqs").receive_message(
        QueueUrl=dead.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )["Messages"]
    about = "arn:aws:scheduler:::aws-sdk:"
    told = [{name: each["StringValue"] for name, each in one["MessageAttributes"].items()} for one in letters]
    assert [(each["TARGET_ARN"], each["ERROR_CODE"]) for each in told] == [
        (f"{about}sqs:sendMessage", GONE),
        (f"{about}lambda:invoke", "AccessDeniedException"),
    ]
    request_to_sqs = json.loads(letters[0]["Body"])
    assert json.loads(request_to_sqs["MessageBody"]) == {"text": "gone"}
    assert request_to_sqs["QueueUrl"].endswith(f"/{gone.name}")
    for attributes, name in zip(told, ("gone", "denied"), strict=True):
        assert attributes["SCHEDULE_ARN"].endswith(f":schedule/{group}/{lab.name(name)}")
        assert attributes["SCHEDULED_TIME"] == "2026-01-01T00:00:00Z"
        assert (attributes["RETRY_ATTEMPTS"], attributes["IS_PAYLOAD_TRUNCATED"]) == ("0", "false")
    assert "lambda:InvokeFunction" in told[1]["ERROR_MESSAGE"]
    assert len(sqs.receive_message(QueueUrl=open_.url, MaxNumberOfMessages=10)["Messages"]) == 1


def test_a_fifo_queue_cannot_be_a_schedules_dead_letter_queue(lab: Lab, schedules: Schedules) -> None:
    queue, role = f"arn:aws:sqs:{lab.region}:{lab.account}:q", schedules.role("sender", "sqs:SendMessage")
    with pytest.raises(ClientError, match=r"at 'target\.deadLetterConfig\.arn' failed") as refused:
        schedules.make("s", queue, role, dead=f"{queue}.fifo")
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_role_is_given_only_by_who_may_pass_it_to_scheduler(
    lab: Lab, schedules: Schedules, somebody: tuple[str, LocalSession]
) -> None:
    (name, session), iam = somebody, lab.client("iam")
    role = schedules.role("sender", "sqs:SendMessage")
    queue = lab.deploy_queue("queue").arn
    scheduling = {"Effect": "Allow", "Action": "scheduler:*", "Resource": "*"}
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role}
    to = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    for statements in ([scheduling], [scheduling, {**passing, "Condition": to}]):
        may(iam, name, *statements)
        with pytest.raises(ClientError, match="iam:PassRole") as denied:
            schedules.make("mine", queue, role, client=session.client("scheduler"))
        assert denied.value.response["Error"]["Code"] == "AccessDeniedException"
    to = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
    may(iam, name, scheduling, {**passing, "Condition": to})
    schedules.make("mine", queue, role, client=session.client("scheduler"))


def test_a_role_that_scheduler_cannot_assume_is_refused(lab: Lab, schedules: Schedules) -> None:
    queue, group = lab.deploy_queue("queue").arn, f"schedule-group/{lab.name('other')}"
    lambdas = schedules.role("lambdas", "sqs:SendMessage", trust="lambda.amazonaws.com")
    others = schedules.role("others", "sqs:SendMessage")
    arn = f"arn:aws:scheduler:{lab.region}:{lab.account}:{group}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceArn": arn, "aws:SourceAccount": lab.account}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.client("iam").update_assume_role_policy(RoleName=lab.name("others"), PolicyDocument=trust)
    nobody = f"arn:aws:iam::{lab.account}:role/{lab.name('nobody')}"
    for role in (lambdas, others, nobody):
        with pytest.raises(ClientError) as refused:
            schedules.make("s", queue, role)
        assert refused.value.response["Error"] == {"Code": "ValidationException", "Message": NOT_ASSUMED}
    trust = trust.replace(group, "schedule-group/default")
    lab.client("iam").update_assume_role_policy(RoleName=lab.name("others"), PolicyDocument=trust)
    schedules.make("s", queue, others)


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ({"ScheduleExpression": "every day"}, "Invalid Schedule Expression every day."),
        ({"ScheduleExpressionTimezone": "Asia/Ho_Chi_Minh"}, "in UTC only"),
        ({"target": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"}, "targets of events, lambda"),
    ],
)
def test_what_the_local_cloud_would_not_deliver_is_refused(
    lab: Lab, schedules: Schedules, more: dict[str, Any], cause: str
) -> None:
    target = more.pop("target", f"arn:aws:sqs:{lab.region}:{lab.account}:q")
    with pytest.raises(ClientError, match=cause) as refused:
        schedules.make("s", target, schedules.role("sender", "sqs:SendMessage"), **more)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
