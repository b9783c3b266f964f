"""What SNS and EventBridge can't deliver goes to a dead-letter queue that permits it, and is counted.

https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.resources.queue import QueueDescription
from tests.conformance.conftest import archive, permission, total

pytestmark = pytest.mark.functional

NOTHING = "def handler(event, context):\n    pass\n"


def test_what_sns_cannot_deliver_goes_to_the_subscriptions_dead_letter_queue(lab: Lab) -> None:
    sns = lab.client("sns")
    arn = sns.create_topic(Name=lab.name("topic"))["TopicArn"]
    closed, gone, open_, dead, denied = (
        lab.deploy_queue(name) for name in ("closed", "gone", "open", "dead", "denied")
    )
    lab.client("sqs").delete_queue(QueueUrl=gone.url)
    function = function_that_permits_nobody(lab)
    permit(lab, open_, "sns.amazonaws.com", arn)
    permit(lab, dead, "sns.amazonaws.com", arn)
    permit(lab, denied, "sns.amazonaws.com", f"{arn}-else")
    for protocol, endpoint, queue in (
        ("sqs", open_.arn, dead.arn),
        ("sqs", closed.arn, dead.arn),
        ("sqs", gone.arn, denied.arn),
        ("lambda", function, dead.arn),
    ):
        redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": queue})}
        sns.subscribe(TopicArn=arn, Protocol=protocol, Endpoint=endpoint, Attributes=redrive)

    sns.publish(TopicArn=arn, Message="lost")

    def counted(name: str) -> float:
        return total(lab, "AWS/SNS", name, TopicName=lab.name("topic"))

    lab.wait_until(lambda: counted("NumberOfNotificationsFailed") == 3, doing="waiting for the failures")
    lab.wait_until(lambda: counted("NumberOfNotificationsRedrivenToDlq") == 2, doing="waiting for the queue")
    assert counted("NumberOfNotificationsFailedToRedriveToDlq") == 1
    bodies = [json.loads(each["Body"]) for each in received(lab, dead)]
    assert [(each["Type"], each["TopicArn"], each["Message"]) for each in bodies] == [
        ("Notification", arn, "lost")
    ] * 2
    assert received(lab, denied) == []
    assert len(received(lab, open_)) == 1


def test_a_raw_message_stays_raw_in_the_dead_letter_queue(lab: Lab) -> None:
    sns, (closed, dead) = lab.client("sns"), map(lab.deploy_queue, ("closed", "dead"))
    arn = sns.create_topic(Name=lab.name("topic"))["TopicArn"]
    permit(lab, dead, "sns.amazonaws.com", arn)
    subscription = sns.subscribe(
        TopicArn=arn, Protocol="sqs", Endpoint=closed.arn, Attributes={"RawMessageDelivery": "true"}
    )["SubscriptionArn"]
    sns.publish(TopicArn=arn, Message="before there is a dead-letter queue")
    sns.set_subscription_attributes(
        SubscriptionArn=subscription,
        AttributeName="RedrivePolicy",
        AttributeValue=json.dumps({"deadLetterTargetArn": dead.arn}),
    )
    kind = {"kind": {"DataType": "String", "StringValue": "order"}}
    sns.publish(TopicArn=arn, Message="lost", MessageAttributes=kind)
    (message,) = received(lab, dead)
    assert (message["Body"], message["MessageAttributes"]) == ("lost", kind)


@pytest.mark.parametrize(
    ("policy", "cause"),
    [
        ("{no json}", "failed to parse JSON"),
        ('{"deadLetterTargetArn": "QUEUE", "maxReceiveCount": 3}', "Attribute maxReceiveCount is unknown"),
        ('{"deadLetterTargetArn": "TOPIC"}', "is not the ARN of an SQS queue"),
    ],
)
def test_sns_refuses_a_redrive_policy_that_names_no_queue(lab: Lab, policy: str, cause: str) -> None:
    sns, queue = lab.client("sns"), lab.deploy_queue("queue").arn
    arn = sns.create_topic(Name=lab.name("topic"))["TopicArn"]
    policy = policy.replace("QUEUE", queue).replace("TOPIC", arn)
    endpoint = {"TopicArn": arn, "Protocol": "sqs", "Endpoint": queue}
    with pytest.raises(ClientError, match=f"RedrivePolicy: .*{cause}") as refused:
        sns.subscribe(**endpoint, Attributes={"RedrivePolicy": policy})
    assert refused.value.response["Error"]["Code"] == "InvalidParameter"
    assert sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"] == []
    subscription = sns.subscribe(**endpoint)["SubscriptionArn"]
    with pytest.raises(ClientError, match=f"RedrivePolicy: .*{cause}") as refused:
        sns.set_subscription_attributes(
            SubscriptionArn=subscription, AttributeName="RedrivePolicy", AttributeValue=policy
        )
    assert refused.value.response["Error"]["Code"] == "InvalidParameter"


@pytest.mark.parametrize("bus", ["default", "own"])
def test_what_eventbridge_cannot_deliver_goes_to_the_targets_dead_letter_queue(
    lab: Lab, bus: str, request: pytest.FixtureRequest
) -> None:
    events, name = lab.client("events"), lab.name("rule")
    dimensions = {"RuleName": name}
    if bus == "own":
        bus = lab.name("bus")
        events.create_event_bus(Name=bus)
        request.addfinalizer(lambda: delete_bus(lab, bus, name))
        dimensions["EventBusName"] = bus
    pattern = json.dumps({"source": [lab.name("orders")]})
    arn = events.put_rule(Name=name, EventBusName=bus, EventPattern=pattern)["RuleArn"]
    closed, gone, open_, dead, denied = (
        lab.deploy_queue(name) for name in ("closed", "gone", "open", "dead", "denied")
    )
    lab.client("sqs").delete_queue(QueueUrl=gone.url)
    permit(lab, open_, "events.amazonaws.com", arn)
    permit(lab, dead, "events.amazonaws.com", arn)
    permit(lab, denied, "events.amazonaws.com", f"{arn}-else")
    function = function_that_permits_nobody(lab)
    targets = [
        (open_.arn, dead),
        (closed.arn, denied),
        (closed.arn, dead),
        (gone.arn, dead),
        (function, dead),
    ]
    for number, (target, queue) in enumerate(targets):
        one = {"Id": str(number), "Arn": target, "Input": json.dumps("a text instead of the event")}
        letters_to = {"DeadLetterConfig": {"Arn": queue.arn}}
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{**one, **letters_to}])

    entry = {"Source": lab.name("orders"), "DetailType": "text", "Detail": '{"text": "lost"}'}
    (sent,) = events.put_events(Entries=[{**entry, "EventBusName": bus}])["Entries"]

    assert received(lab, denied) == []
    assert len(received(lab, open_)) == 1
    letters = received(lab, dead)
    told = [
        {name: value["StringValue"] for name, value in each["MessageAttributes"].items()} for each in letters
    ]
    assert [(each["TARGET_ARN"], each["ERROR_CODE"]) for each in told] == [
        (closed.arn, "NO_PERMISSIONS"),
        (gone.arn, "NO_RESOURCE"),
        (function, "NO_PERMISSIONS"),
    ]
    for letter, attributes in zip(letters, told, strict=True):
        event = json.loads(letter["Body"])
        assert (event["id"], event["detail"]) == (sent["EventId"], {"text": "lost"}), (
            "the event, not the input"
        )
        assert attributes["RULE_ARN"] == arn and attributes["RETRY_ATTEMPTS"] == "0"
        assert attributes["ERROR_MESSAGE"]
    counted = {
        each: total(lab, "AWS/Events", each, **dimensions)
        for each in ("FailedInvocations", "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq")
    }
    assert counted == {
        "FailedInvocations": 4,
        "InvocationsSentToDlq": 3,
        "InvocationsFailedToBeSentToDlq": 1,
    }


def function_that_permits_nobody(lab: Lab) -> str:
    """Return its ARN."""
    logs = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    role = lab.deploy_role("role", policy={"Version": "2012-10-17", "Statement": [logs]})
    code = archive(app=NOTHING)
    return lab.deploy_function("function", code=code, handler="app.handler", role_arn=role).arn


def delete_bus(lab: Lab, bus: str, rule: str) -> None:
    """Delete an event bus with its only rule."""
    events, of = lab.client("events"), {"Rule": rule, "EventBusName": bus}
    events.remove_targets(**of, Ids=[each["Id"] for each in events.list_targets_by_rule(**of)["Targets"]])
    events.delete_rule(Name=rule, EventBusName=bus)
    events.delete_event_bus(Name=bus)


def permit(lab: Lab, queue: QueueDescription, service: str, source_arn: str) -> None:
    """Let a service send to a queue for a source."""
    policy = permission(service, "sqs:SendMessage", queue.arn, source_arn)
    lab.client("sqs").set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy})


def received(lab: Lab, queue: QueueDescription) -> list[Any]:
    """Return the messages of a queue, once."""
    answer = lab.client("sqs").receive_message(
        QueueUrl=queue.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return list(answer.get("Messages", []))
