"""What SNS can't deliver goes to a dead-letter queue that permits it, and is counted.

https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.resources.queue import QueueDescription
from tests.conformance.conftest import archive, permission

pytestmark = pytest.mark.functional

NOTHING = "def handler(event, context):\n    pass\n"


def test_what_sns_cannot_deliver_goes_to_the_subscriptions_dead_letter_queue(lab: Lab) -> None:
    sns = lab.client("sns")
    arn = sns.create_topic(Name=lab.name("topic"))["TopicArn"]
    closed, gone, open_, dead, denied = (
        lab.deploy_queue(name) for name in ("closed", "gone", "open", "dead", "denied")
    )
    lab.client("sqs").delete_queue(QueueUrl=gone.url)
    logs = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    role = lab.deploy_role("role", policy={"Version": "2012-10-17", "Statement": [logs]})
    function = lab.deploy_function("f", code=archive(app=NOTHING), handler="app.handler", role_arn=role)
    permit(lab, open_, "sns.amazonaws.com", arn)
    permit(lab, dead, "sns.amazonaws.com", arn)
    permit(lab, denied, "sns.amazonaws.com", f"{arn}-else")
    for protocol, endpoint, queue in (
        ("sqs", open_.arn, dead.arn),
        ("sqs", closed.arn, dead.arn),
        ("sqs", gone.arn, denied.arn),
        ("lambda", function.arn, dead.arn),
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


def total(lab: Lab, namespace: str, name: str, **dimensions: str) -> float:
    """Return the sum of a metric in the last minutes."""
    now = datetime.now(UTC)
    points = lab.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=86400,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))
