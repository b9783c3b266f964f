"""FilterLogEvents and subscription filters keep to CloudWatch Logs' filter patterns.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

MESSAGES = [
    '{"level": "ERROR", "latency": 120}',
    '{"level": "INFO", "latency": 80}',
    "ERROR without a form",
    "WARN nothing to see",
]

TELLS = """
    import base64, gzip, json

    def handler(event, context):
        told = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
        for each in told["logEvents"]:
            print("told", each["message"])
"""


def write(lab: Lab, group: str, *messages: str) -> None:
    logs, now = lab.client("logs"), int(time.time() * 1000)
    events: list[Any] = [{"timestamp": now + at, "message": message} for at, message in enumerate(messages)]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)


def log_group(lab: Lab) -> str:
    logs, group = lab.client("logs"), f"/aws/lambda/{lab.name('patterns')}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    return group


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("ERROR", [0, 2]),
        ("error", []),
        ("?WARN ?latency", [0, 1, 3]),
        ("ERROR -latency", [2]),
        ('{ $.level = "ERROR" && $.latency > 1e2 }', [0]),
        ("{ $.level = * }", [0, 1]),
        ("[level=ERROR, ..., form]", [2]),
        ("%^(?:WARN)%", None),
        ("%^WARN|form$%", [2, 3]),
        ("level: ERROR", None),
    ],
)
def test_filter_log_events(module_lab: Lab, pattern: str, found: list[int] | None) -> None:
    logs, group = module_lab.client("logs"), f"/aws/lambda/{module_lab.name('patterns')}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        write(module_lab, log_group(module_lab), *MESSAGES)
    if found is None:
        with pytest.raises(ClientError) as refused:
            logs.filter_log_events(logGroupName=group, filterPattern=pattern)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
    else:
        events = logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
        assert [event["message"] for event in events] == [MESSAGES[number] for number in found]


def test_a_subscription_filter_delivers_what_its_pattern_matches(lab: Lab) -> None:
    policy: Any = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    role = lab.deploy_role("teller", policy={"Version": "2012-10-17", "Statement": [policy]})
    teller = lab.deploy_function("teller", code=archive(app=TELLS), handler="app.handler", role_arn=role)
    logs, group = lab.client("logs"), log_group(lab)
    subscribe: dict[str, Any] = {
        "logGroupName": group,
        "filterName": "f",
        "destinationArn": teller.arn,
    }
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.put_subscription_filter(filterPattern="{ $.level }", **subscribe)
    logs.put_subscription_filter(filterPattern="{ $.latency < 100 }", **subscribe)
    write(lab, group, *MESSAGES)
    lab.logs("teller", until="told")
    told = [event.message for event in lab.logs("teller") if event.message.startswith("told")]
    assert told == [f"told {MESSAGES[1]}"]
