"""What lets a service deliver stands in the target's policy; without a statement nothing is delivered.

https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from labsupport.lab import Lab
from tests.conformance.conftest import archive, permission

pytestmark = pytest.mark.functional

# Prints the text of an SNS message, or of an EventBridge event's detail.
TELLS = """
    def handler(event, context):
        is_sns = "Records" in event
        text = event["Records"][0]["Sns"]["Message"] if is_sns else event["detail"]["text"]
        print("told", text)
        if text == "poison":
            raise RuntimeError("poison")
"""


class Source:
    """A topic or a rule, and what sends to its targets.

    Attributes:
        service: the principal that invokes.
        arn: of the source.
        send: sends a text to all targets.
    """

    def __init__(self, service: str, arn: str, send: Callable[[str], Any]) -> None:
        self.service, self.arn, self.send = service, arn, send


def topic(lab: Lab, targets: list[str], protocol: str = "lambda") -> Source:
    sns = lab.client("sns")
    arn = sns.create_topic(Name=lab.name("topic"))["TopicArn"]
    for target in targets:
        sns.subscribe(TopicArn=arn, Protocol=protocol, Endpoint=target)
    return Source("sns.amazonaws.com", arn, lambda text: sns.publish(TopicArn=arn, Message=text))


def rule(lab: Lab, targets: list[str], protocol: str = "") -> Source:
    events, name = lab.client("events"), lab.name("rule")
    pattern = json.dumps({"source": [lab.name("orders")]})
    arn = events.put_rule(Name=name, EventPattern=pattern)["RuleArn"]
    numbered = [{"Id": str(number), "Arn": target} for number, target in enumerate(targets)]
    events.put_targets(Rule=name, Targets=numbered)

    def send(text: str) -> None:
        entry = {
            "Source": lab.name("orders"),
            "DetailType": "text",
            "Detail": json.dumps({"text": text}),
        }
        assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0

    return Source("events.amazonaws.com", arn, send)


@pytest.mark.parametrize("make_source", [topic, rule])
def test_only_a_permitted_function_gets_the_event(
    lab: Lab, make_source: Callable[[Lab, list[str]], Source]
) -> None:
    functions = [
        lab.deploy_function(name, code=archive(app=TELLS), handler="app.handler", role_arn=role(lab))
        for name in ("first", "second")
    ]
    source = make_source(lab, [function.arn for function in functions])
    lab.allow_invoke("first", service=source.service, source_arn=source.arn, statement_id="s")
    lab.allow_invoke("second", service=source.service, source_arn=f"{source.arn}-else", statement_id="s")
    source.send("one")
    lab.logs("first", until="told one")
    lab.allow_invoke("second", service=source.service, source_arn=source.arn, statement_id="s")
    source.send("two")
    lab.logs("second", until="told two")
    told = [event.message.strip() for event in lab.logs("second") if "told" in event.message]
    assert told == ["told two"], "it may be invoked for another source only, when the first event came"


@pytest.mark.parametrize("make_source", [topic, rule])
def test_they_invoke_asynchronously_so_that_a_failing_event_is_tried_again(
    lab: Lab, make_source: Callable[[Lab, list[str]], Source]
) -> None:
    function = lab.deploy_function(
        "first", code=archive(app=TELLS), handler="app.handler", role_arn=role(lab)
    )
    lab.client("lambda").put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=1)
    source = make_source(lab, [function.arn])
    lab.allow_invoke("first", service=source.service, source_arn=source.arn, statement_id="s")
    source.send("poison")

    def tries() -> list[str]:
        return [each.message for each in lab.logs("first") if each.message.startswith("REPORT")]

    lab.wait_until(lambda: len(tries()) == 2, doing="waiting for the retry")
    assert len({line.split()[2] for line in tries()}) == 1, "the retry keeps the request id"


@pytest.mark.parametrize("make_source", [topic, rule])
def test_only_a_permitting_queue_gets_the_event(lab: Lab, make_source: Callable[..., Source]) -> None:
    queues, sqs = [lab.deploy_queue(name) for name in ("first", "second")], lab.client("sqs")
    source = make_source(lab, [queue.arn for queue in queues], protocol="sqs")
    for queue, source_arn in zip(queues, (f"{source.arn}-else", source.arn), strict=True):
        policy = permission(source.service, "sqs:SendMessage", queue.arn, source_arn)
        sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy})
    source.send("one")
    lab.wait_until(lambda: texts(sqs, queues[1].url), doing="waiting for the message")
    assert texts(sqs, queues[0].url) == [], "it is for another source, and comes first"


def test_only_a_topic_that_permits_eventbridge_without_a_condition_gets_the_event(lab: Lab) -> None:
    sns, queue = lab.client("sns"), lab.deploy_queue("queue")
    topics = [sns.create_topic(Name=lab.name(name))["TopicArn"] for name in ("default", "cond", "plain")]
    source = rule(lab, topics)
    allowed = [permission("sns.amazonaws.com", "sqs:SendMessage", queue.arn, topic) for topic in topics]
    every = {"Version": "2012-10-17", "Statement": [json.loads(each)["Statement"][0] for each in allowed]}
    lab.client("sqs").set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": json.dumps(every)})
    for arn in topics:
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue.arn)
    for arn, source_arn in zip(topics[1:], (source.arn, None), strict=True):
        policy = permission(source.service, "sns:Publish", arn, source_arn)
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    source.send("one")
    seen: list[str] = []
    lab.wait_until(lambda: seen.extend(topics_of(lab, queue.url)) or seen, doing="waiting for the message")
    assert seen == [topics[2]]


def texts(sqs: Any, url: str) -> list[str]:
    return [each["Body"] for each in sqs.receive_message(QueueUrl=url).get("Messages", [])]


def topics_of(lab: Lab, url: str) -> list[str]:
    return [json.loads(body)["TopicArn"] for body in texts(lab.client("sqs"), url)]


def role(lab: Lab) -> str:
    logs = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    return lab.deploy_role("teller", policy={"Version": "2012-10-17", "Statement": [logs]})
