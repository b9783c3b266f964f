"""An alarm watches the metric that has its dimensions, and tells a topic when its state changes.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from labsupport.lab import Lab
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

FAILS = "def handler(event, context):\n    raise RuntimeError('no')\n"


def test_an_alarm_on_a_functions_errors_tells_a_topic(lab: Lab) -> None:
    statement: Any = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    role = lab.deploy_role("failing", policy={"Version": "2012-10-17", "Statement": [statement]})
    for name in ("failing", "quiet"):
        lab.deploy_function(name, code=archive(app=FAILS), handler="app.handler", role_arn=role)
    sns, queue = lab.client("sns"), lab.deploy_queue("queue")
    topic = sns.create_topic(Name=lab.name("topic"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue.arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    lab.client("sqs").set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy})
    cloudwatch = lab.client("cloudwatch")
    for name in ("quiet", "failing"):
        cloudwatch.put_metric_alarm(
            AlarmName=lab.name(name),
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Dimensions=[{"Name": "FunctionName", "Value": lab.name(name)}],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            AlarmActions=[topic],
            Tags=[{"Key": key, "Value": value} for key, value in lab.target.tags().items()],
        )

    def states() -> list[str]:
        names = [lab.name("failing"), lab.name("quiet")]
        found = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
        return sorted(f"{each['AlarmName'].rpartition('-')[2]} {each['StateValue']}" for each in found)

    assert states() == ["failing INSUFFICIENT_DATA", "quiet INSUFFICIENT_DATA"]
    assert lab.invoke("failing").failed
    wanted = ["failing ALARM", "quiet INSUFFICIENT_DATA"]
    lab.wait_until(lambda: states() == wanted, doing="waiting for the alarm")
    [message] = lab.client("sqs").receive_message(QueueUrl=queue.url, WaitTimeSeconds=5)["Messages"]
    told = json.loads(json.loads(message["Body"])["Message"])
    assert (told["AlarmName"], told["NewStateValue"]) == (lab.name("failing"), "ALARM")
