"""FilterLogEvents keeps to CloudWatch Logs' filter patterns.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab

pytestmark = pytest.mark.functional

MESSAGES = [
    '{"level": "ERROR", "latency": 120}',
    '{"level": "INFO", "latency": 80}',
    "ERROR without a form",
    "WARN nothing to see",
]


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
