"""S3 and Lambda together, through boto3: permissions, event names, destinations.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

# Writes what it got to a queue of its own, so that a test can read it; fails when it is told to.
WITNESS = """
    import boto3, json, os
    sqs = boto3.client("sqs")
    def handler(event, context):
        if "Records" in event:
            seen = json.dumps([context.aws_request_id, event])
            sqs.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=seen)
        if event.get("fail"):
            raise RuntimeError("as told")
        return {"done": True}
"""


class Stage:
    """A bucket, a function, and a queue in which the function's events appear."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.bucket = lab.deploy_bucket("in")
        self.queue = lab.deploy_queue("seen")
        self.policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["sqs:SendMessage", "logs:*"],
                    "Resource": "*",
                }
            ],
        }
        role = lab.deploy_role("witness", policy=self.policy)
        self.function = lab.deploy_function(
            "witness",
            code=archive(app=WITNESS),
            handler="app.handler",
            role_arn=role,
            environment={"QUEUE": self.queue.url},
            memory_mb=1769,
            timeout_seconds=20,
        )

    def allow(self, **changes: Any) -> None:
        self.lab.client("lambda").add_permission(
            **{
                "FunctionName": self.function.name,
                "StatementId": "s3",
                "Action": "lambda:InvokeFunction",
                "Principal": "s3.amazonaws.com",
                "SourceArn": f"arn:aws:s3:::{self.bucket}",
                "SourceAccount": self.lab.account,
                **changes,
            }
        )

    def notify(self, arn: str | None = None) -> None:
        rule = {"Name": "prefix", "Value": "raw/"}
        configuration = {
            "LambdaFunctionArn": arn or self.function.arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [rule]}},
        }
        self.lab.client("s3").put_bucket_notification_configuration(
            Bucket=self.bucket,
            NotificationConfiguration={"LambdaFunctionConfigurations": [configuration]},
        )

    def received(self, queue_url: str | None = None, seconds: float = 10) -> Any:
        """Return the next message of a queue, or None when none comes in time."""
        sqs, deadline = self.lab.client("sqs"), time.monotonic() + seconds
        while time.monotonic() < deadline:
            messages = sqs.receive_message(QueueUrl=queue_url or self.queue.url, WaitTimeSeconds=1).get(
                "Messages"
            )
            if messages:
                sqs.delete_message(
                    QueueUrl=queue_url or self.queue.url, ReceiptHandle=messages[0]["ReceiptHandle"]
                )
                return json.loads(messages[0]["Body"])
        return None


@pytest.fixture
def stage(lab: Lab) -> Stage:
    return Stage(lab)


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


UNREACHABLE = ("InvalidArgument", "Unable to validate the following destination configurations")


def test_s3_refuses_a_function_that_it_may_not_invoke(stage: Stage) -> None:
    assert refused(stage.notify) == UNREACHABLE
    stage.allow(SourceArn="arn:aws:s3:::another-bucket")
    assert refused(stage.notify) == UNREACHABLE
    stage.allow(StatementId="account", SourceAccount="999999999999")
    assert refused(stage.notify) == UNREACHABLE
    stage.allow(StatementId="service", Principal="sns.amazonaws.com")
    assert refused(stage.notify) == UNREACHABLE
    stage.allow(StatementId="right")
    stage.notify()


def test_s3_refuses_a_function_that_does_not_exist(stage: Stage) -> None:
    assert refused(lambda: stage.notify(stage.function.arn + "-typo")) == UNREACHABLE


def test_a_refused_configuration_leaves_the_old_one(stage: Stage) -> None:
    stage.allow()
    stage.notify()
    refused(lambda: stage.notify(stage.function.arn + "-typo"))
    kept = stage.lab.client("s3").get_bucket_notification_configuration(Bucket=stage.bucket)
    (only,) = kept["LambdaFunctionConfigurations"]
    assert only["LambdaFunctionArn"] == stage.function.arn


def test_an_upload_invokes_the_function_with_awss_event(stage: Stage) -> None:
    stage.allow()
    stage.notify()
    key = "raw/nested/ảnh mèo 1+2.jpg"
    s3 = stage.lab.client("s3")
    s3.put_object(Bucket=stage.bucket, Key="elsewhere/not this.jpg", Body=b"x")
    s3.put_object(Bucket=stage.bucket, Key=key, Body=b"12345")
    _request_id, event = stage.received()
    (record,) = event["Records"]
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert record["s3"]["bucket"]["name"] == stage.bucket
    assert record["s3"]["object"]["key"] == "raw/nested/%E1%BA%A3nh+m%C3%A8o+1%2B2.jpg"
    assert unquote_plus(record["s3"]["object"]["key"]) == key
    assert record["s3"]["object"]["size"] == 5
    assert stage.received(seconds=1) is None  # the other prefix stayed silent


def test_a_permission_that_is_taken_away_stops_deliveries(stage: Stage) -> None:
    stage.allow()
    stage.notify()
    stage.lab.client("lambda").remove_permission(FunctionName=stage.function.name, StatementId="s3")
    stage.lab.client("s3").put_object(Bucket=stage.bucket, Key="raw/a", Body=b"")
    assert stage.received(seconds=2) is None


def test_a_failed_event_reaches_the_on_failure_destination(stage: Stage) -> None:
    failed = stage.lab.deploy_queue("failed")
    stage.lab.client("lambda").put_function_event_invoke_config(
        FunctionName=stage.function.name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": failed.arn}},
    )
    answer = stage.lab.client("lambda").invoke(
        FunctionName=stage.function.name, InvocationType="Event", Payload=b'{"fail": true}'
    )
    assert answer["StatusCode"] == 202
    record = stage.received(failed.url)
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["requestContext"]["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert record["requestPayload"] == {"fail": True}
    assert record["responsePayload"]["errorMessage"] == "as told"


def test_the_role_needs_permission_for_the_destination(stage: Stage) -> None:
    failed = stage.lab.deploy_queue("failed")
    stage.policy["Statement"][0]["Resource"] = [stage.queue.arn]  # type: ignore[index]
    stage.lab.deploy_role("witness", policy=stage.policy)
    stage.lab.client("lambda").put_function_event_invoke_config(
        FunctionName=stage.function.name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": failed.arn}},
    )
    stage.lab.client("lambda").invoke(
        FunctionName=stage.function.name, InvocationType="Event", Payload=b'{"fail": true}'
    )
    assert stage.received(failed.url, seconds=3) is None


def test_retries_keep_the_request_id(stage: Stage) -> None:
    invoked = stage.lab.client("lambda").invoke(
        FunctionName=stage.function.name,
        InvocationType="Event",
        Payload=json.dumps({"Records": [], "fail": True}).encode(),
    )
    ids = [stage.received()[0] for _ in range(3)]
    assert ids == [invoked["ResponseMetadata"]["RequestId"]] * 3


def test_two_notifications_for_the_same_keys_are_refused_and_change_nothing(stage: Stage) -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
    stage.allow()
    stage.notify()
    s3 = stage.lab.client("s3")
    [before] = s3.get_bucket_notification_configuration(Bucket=stage.bucket)["LambdaFunctionConfigurations"]
    both = [before, {key: value for key, value in before.items() if key not in ("Id", "Filter")}]
    code, message = refused(
        lambda: s3.put_bucket_notification_configuration(
            Bucket=stage.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": both}
        )
    )
    assert code == "InvalidArgument"
    assert "overlapping suffixes in two rules" in message
    after = s3.get_bucket_notification_configuration(Bucket=stage.bucket)["LambdaFunctionConfigurations"]
    assert after == [before]
