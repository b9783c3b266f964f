"""Lambda stops a function that invokes itself through Lambda, SQS, S3 and SNS, and no other service.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from labsupport.lab import Lab
from labsupport.waiting import wait_until
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

# Each invocation writes a line and makes the next one, up to number 40.
CODE = archive(
    app="""
        import json, os, boto3

        service, target = os.environ["THROUGH"], os.environ["TARGET"]
        client = boto3.client(service.partition(" ")[0])

        def invoke(kind, n):
            client.invoke(FunctionName=target, InvocationType=kind, Payload=json.dumps({"n": n}))

        MAKE_NEXT = {
            "lambda event": lambda n: invoke("Event", n),
            # Each one that waits keeps an environment: the last ones are enough.
            "lambda waiting": lambda n: invoke("Event" if n < 14 else "RequestResponse", n),
            "sqs": lambda n: client.send_message(QueueUrl=target, MessageBody=str(n)),
            "sns": lambda n: client.publish(TopicArn=target, Message=str(n)),
            "s3": lambda n: client.put_object(Bucket=target, Key=str(n)),
            "dynamodb": lambda n: client.put_item(TableName=target, Item={"id": {"S": str(n)}}),
        }

        def number(event):
            record = event.get("Records", [event])[0]
            if "s3" in record:
                return record["s3"]["object"]["key"]
            if "dynamodb" in record:
                return record["dynamodb"]["Keys"]["id"]["S"]
            if "Sns" in record:
                return record["Sns"]["Message"]
            body = json.loads(record["body"]) if "body" in record else record.get("n", 40)
            return body["detail"]["object"]["key"] if isinstance(body, dict) else body

        def handler(event, context):
            n = int(number(event))
            print("invocation", n)
            if n >= 40:
                return "no end"
            MAKE_NEXT[service](n + 1)
    """
)
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Loop:
    """A function that invokes itself, and a queue for what it could not handle."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.client = lab, lab.client("lambda")
        self.role = lab.deploy_role("loop", policy=POLICY)
        self.failures = lab.deploy_queue("failures")

    def deploy(self, through: str, target: str, *, timeout_seconds: int = 60) -> str:
        """Deploy the function; returns its ARN."""
        function = self.lab.deploy_function(
            "loop",
            code=CODE,
            handler="app.handler",
            role_arn=self.role,
            memory_mb=1769,
            timeout_seconds=timeout_seconds,
            environment={"THROUGH": through, "TARGET": target},
        )
        self.client.put_function_event_invoke_config(
            FunctionName=function.name, DestinationConfig={"OnFailure": {"Destination": self.failures.arn}}
        )
        return function.arn

    def wait_for_invocations(self, count: int) -> None:
        """Wait until the log tells of so many invocations. Here there must be no more of them."""

        def invocations() -> int:
            return sum(event.message.startswith("invocation") for event in self.lab.logs("loop"))

        wait_until(lambda: invocations() >= count, doing="waiting for the loop", timeout_seconds=60)
        assert invocations() == count

    def failure(self) -> dict[str, Any]:
        """Wait for what comes to the on-failure destination."""

        def received() -> list[Any]:
            return self.lab.client("sqs").receive_message(QueueUrl=self.failures.url).get("Messages", [])

        (message,) = wait_until(received, doing="waiting for the event that was stopped", timeout_seconds=60)
        return json.loads(message["Body"])


@pytest.fixture
def loop(lab: Lab) -> Loop:
    return Loop(lab)


def test_who_waits_for_an_invocation_of_a_loop_gets_an_exception(loop: Loop) -> None:
    name = loop.lab.name("loop")
    loop.deploy("lambda waiting", name)
    loop.client.invoke(FunctionName=name, InvocationType="Event", Payload='{"n": 1}')

    def raised() -> list[str]:
        messages = [event.message for event in loop.lab.logs("loop")]
        return [message for message in messages if message.startswith("[ERROR]")]

    (message,) = wait_until(raised, doing="waiting for the exception", timeout_seconds=60)
    assert "(RecursiveInvocationException) when calling the Invoke operation" in message
    loop.wait_for_invocations(16)


def through_nothing(loop: Loop) -> Callable[[], Any]:
    name = loop.lab.name("loop")
    loop.deploy("lambda event", name)
    return lambda: loop.client.invoke(FunctionName=name, InvocationType="Event", Payload='{"n": 1}')


def through_its_destination(loop: Loop) -> Callable[[], Any]:
    """Its record of a success is the next event. The function itself makes none."""
    name = loop.lab.name("loop")
    destinations = {
        "OnSuccess": {"Destination": loop.deploy("lambda event", name)},
        "OnFailure": {"Destination": loop.failures.arn},
    }
    loop.client.put_function_event_invoke_config(FunctionName=name, DestinationConfig=destinations)
    return lambda: loop.client.invoke(FunctionName=name, InvocationType="Event", Payload='{"n": 40}')


def through_sns(loop: Loop) -> Callable[[], Any]:
    sns = loop.lab.client("sns")
    topic = sns.create_topic(Name=loop.lab.name("loop"))["TopicArn"]
    arn = loop.deploy("sns", topic)
    loop.client.add_permission(
        FunctionName=arn, StatementId="sns", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com"
    )
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    return lambda: sns.publish(TopicArn=topic, Message="1")


def through_s3(loop: Loop) -> Callable[[], Any]:
    s3, bucket = loop.lab.client("s3"), loop.lab.deploy_bucket("loop")
    arn = loop.deploy("s3", bucket)
    loop.client.add_permission(
        FunctionName=arn, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    notification = {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [notification]}
    )
    return lambda: s3.put_object(Bucket=bucket, Key="1")


@pytest.mark.parametrize("through", [through_nothing, through_its_destination, through_sns, through_s3])
def test_an_event_of_a_loop_goes_to_the_on_failure_destination(
    loop: Loop, through: Callable[[Loop], Callable[[], Any]]
) -> None:
    begin = through(loop)
    begin()
    assert loop.failure()["responsePayload"]["errorType"] == "RecursiveInvocationException"
    loop.wait_for_invocations(16)


def test_a_message_of_a_loop_goes_to_the_queues_own_dead_letter_queue(loop: Loop) -> None:
    sqs = loop.lab.client("sqs")
    redrive = {"deadLetterTargetArn": loop.failures.arn, "maxReceiveCount": 1}
    url = sqs.create_queue(
        QueueName=loop.lab.name("loop"),
        Attributes={"VisibilityTimeout": "60", "RedrivePolicy": json.dumps(redrive)},
    )["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    name = loop.deploy("sqs", url)
    mapping = loop.client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, BatchSize=1)
    # Lambda asks for the function's timeout once. Then the last message needn't stay hidden that long.
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    sqs.send_message(QueueUrl=url, MessageBody="1")
    assert loop.failure() == 17
    loop.wait_for_invocations(16)
    loop.client.delete_event_source_mapping(UUID=mapping["UUID"])


def test_a_function_may_allow_its_loop(loop: Loop) -> None:
    begin = through_nothing(loop)
    name = loop.lab.name("loop")
    loop.client.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    assert loop.client.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Allow"
    begin()
    loop.wait_for_invocations(40)


def through_dynamodb(loop: Loop) -> Callable[[], Any]:
    dynamodb, table = loop.lab.client("dynamodb"), loop.lab.name("loop")
    created = dynamodb.create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )
    loop.client.create_event_source_mapping(
        FunctionName=loop.deploy("dynamodb", table),
        EventSourceArn=created["TableDescription"]["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        BatchSize=1,
    )
    return lambda: dynamodb.put_item(TableName=table, Item={"id": {"S": "1"}})


def through_eventbridge(loop: Loop) -> Callable[[], Any]:
    """S3, EventBridge, SQS, and the function again: one of them is enough to lose the count."""
    s3, events, bucket = loop.lab.client("s3"), loop.lab.client("events"), loop.lab.deploy_bucket("loop")
    queue, rule = loop.failures.arn, loop.lab.name("loop")
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = json.dumps({"detail": {"bucket": {"name": [bucket]}}})
    permitted = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {
            "ArnEquals": {"aws:SourceArn": events.put_rule(Name=rule, EventPattern=pattern)["RuleArn"]}
        },
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [permitted]})
    loop.lab.client("sqs").set_queue_attributes(QueueUrl=loop.failures.url, Attributes={"Policy": policy})
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": queue}])
    mapped = {"FunctionName": loop.deploy("s3", bucket, timeout_seconds=30), "EventSourceArn": queue}
    loop.client.create_event_source_mapping(**mapped, BatchSize=1)
    return lambda: s3.put_object(Bucket=bucket, Key="1")


@pytest.mark.parametrize("through", [through_dynamodb, through_eventbridge])
def test_a_loop_through_another_service_is_not_noticed(
    loop: Loop, through: Callable[[Loop], Callable[[], Any]]
) -> None:
    begin = through(loop)
    begin()
    loop.wait_for_invocations(40)
