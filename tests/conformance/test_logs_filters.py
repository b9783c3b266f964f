"""What a function logs meets the filters of its log group: metrics are counted, subscribers are invoked.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
https://docs.aws.amazon.com/lambda/latest/dg/services-cloudwatchlogs.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

SPEAKS = """
    import json

    def handler(event, context):
        print(json.dumps(event))
"""
TELLS = """
    import base64, gzip, json

    def handler(event, context):
        told = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
        for each in told["logEvents"]:
            print("told", told["logGroup"], told["subscriptionFilters"], each["message"].strip())
"""
NOT_PERMITTED = "Make sure you have given CloudWatch Logs permission to execute your function."


def deploy(lab: Lab, name: str, source: str) -> Any:
    statement: Any = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    role = lab.deploy_role("teller", policy={"Version": "2012-10-17", "Statement": [statement]})
    return lab.deploy_function(name, code=archive(app=source), handler="app.handler", role_arn=role)


def log_group(lab: Lab, function: Any) -> str:
    """Return a function's log group, made before the function has logged anything."""
    name = f"/aws/lambda/{function.name}"
    lab.client("logs").create_log_group(logGroupName=name)
    return name


def test_a_metric_filter_adds_what_a_function_logs(lab: Lab) -> None:
    group = log_group(lab, deploy(lab, "speaker", SPEAKS))
    where = {"metricNamespace": lab.name("orders"), "metricName": "Latency"}
    lab.client("logs").put_metric_filter(
        logGroupName=group,
        filterName="latency",
        filterPattern="{ $.latency < 1000 }",
        metricTransformations=[{**where, "metricValue": "$.latency"}],
    )
    for latency in (20, 22.5, 5000):
        lab.invoke("speaker", {"latency": latency})
    now = datetime.now(UTC)

    def points() -> list[Any]:
        found = lab.client("cloudwatch").get_metric_statistics(
            Namespace=where["metricNamespace"],
            MetricName=where["metricName"],
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=10),
            Period=3600,
            Statistics=["Sum", "SampleCount"],
        )
        return list(found["Datapoints"])

    lab.logs("speaker", until="5000")
    assert sum(each["SampleCount"] for each in points()) == 2
    assert sum(each["Sum"] for each in points()) == 42.5


def test_a_subscribed_function_needs_permission_and_gets_what_another_logs(lab: Lab) -> None:
    speaker, teller = deploy(lab, "speaker", SPEAKS), deploy(lab, "teller", TELLS)
    logs, group = lab.client("logs"), log_group(lab, speaker)
    subscribe: Any = {"logGroupName": group, "filterName": "big", "destinationArn": teller.arn}
    source = f"arn:aws:logs:{lab.region}:{lab.account}:log-group:{group}:*"
    with pytest.raises(ClientError, match=NOT_PERMITTED) as refused:
        logs.put_subscription_filter(filterPattern="{ $.order > 1 }", **subscribe)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
    lab.allow_invoke("teller", service="logs.amazonaws.com", source_arn=source, statement_id="logs")
    with pytest.raises(ClientError, match="After a selector"):
        logs.put_subscription_filter(filterPattern="{ $.order }", **subscribe)
    logs.put_subscription_filter(filterPattern="{ $.order > 1 }", **subscribe)
    for order in (1, 2):
        lab.invoke("speaker", {"order": order})
    lab.logs("teller", until="told")
    told = [event.message.strip() for event in lab.logs("teller") if event.message.startswith("told")]
    assert told == [f"told {group} ['big'] {{\"order\": 2}}"]
