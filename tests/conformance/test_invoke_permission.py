"""Who may invoke a function stands in its resource-based policy; without a statement nothing is delivered.

https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from labsupport.lab import Lab
from tests.conformance.conftest import archive

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
    """A topic or a rule, subscribed to by two functions.

    Attributes:
        service: the principal that invokes.
        arn: of the source.
        send: sends a text to both functions.
    """

    def __init__(self, service: str, arn: str, send: Callable[[str], Any]) -> None:
        self.service, self.arn, self.send = service, arn, send


def topic(lab: Lab, functions: list[str]) -> Source:
    sns = lab.client("sns")
    arn = sns.create_topic(Name=lab.name("topic"))["TopicArn"]
    for function in functions:
        sns.subscribe(TopicArn=arn, Protocol="lambda", Endpoint=function)
    return Source("sns.amazonaws.com", arn, lambda text: sns.publish(TopicArn=arn, Message=text))


def rule(lab: Lab, functions: list[str]) -> Source:
    events, name = lab.client("events"), lab.name("rule")
    pattern = json.dumps({"source": [lab.name("orders")]})
    arn = events.put_rule(Name=name, EventPattern=pattern)["RuleArn"]
    targets = [{"Id": str(number), "Arn": function} for number, function in enumerate(functions)]
    events.put_targets(Rule=name, Targets=targets)

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


def test_eventbridge_invokes_asynchronously_so_that_a_failing_event_is_tried_again(lab: Lab) -> None:
    function = lab.deploy_function(
        "first", code=archive(app=TELLS), handler="app.handler", role_arn=role(lab)
    )
    lab.client("lambda").put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=1)
    source = rule(lab, [function.arn])
    lab.allow_invoke("first", service=source.service, source_arn=source.arn, statement_id="s")
    source.send("poison")

    def tries() -> list[str]:
        return [each.message for each in lab.logs("first") if each.message.startswith("REPORT")]

    lab.wait_until(lambda: len(tries()) == 2, doing="waiting for the retry")
    assert len({line.split()[2] for line in tries()}) == 1, "the retry keeps the request id"


def role(lab: Lab) -> str:
    logs = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    return lab.deploy_role("teller", policy={"Version": "2012-10-17", "Statement": [logs]})
