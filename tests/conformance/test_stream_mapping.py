"""Lambda reads a stream in order: what happens to a record that its function can't handle.

https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.waiting import wait_until
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

TELLS = """
    import base64

    def key(record):
        if "kinesis" in record:
            return base64.b64decode(record["kinesis"]["data"]).decode()
        return record["dynamodb"]["Keys"]["pk"]["S"]

    def handler(event, context):
        keys = [key(record) for record in event["Records"]]
        print("batch", *keys)
        if any(each.startswith("poison") for each in keys):
            raise ValueError("poison")
"""
READS = ["GetRecords", "GetShardIterator", "DescribeStream", "ListStreams"]


class Streams:
    """A function, a table with a stream, and a queue for what Lambda gives up."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.client = lab, lab.client("lambda")
        self.may("logs:*", "dynamodb:*", "kinesis:*", "sqs:SendMessage")
        self.function = lab.deploy_function(
            "reader", code=archive(app=TELLS), handler="app.handler", role_arn=self.role
        ).name
        self.failures = lab.deploy_queue("failures")
        self.table = lab.name("orders")
        self.dynamodb = lab.client("dynamodb")
        made = self.dynamodb.create_table(
            TableName=self.table,
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        )
        self.stream = made["TableDescription"]["LatestStreamArn"]
        self.mappings: list[str] = []

    def may(self, *actions: str) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.role = self.lab.deploy_role("reader", policy=policy)

    def map(self, arn: str | None = None, **settings: Any) -> dict[str, Any]:
        made = self.client.create_event_source_mapping(
            FunctionName=self.function,
            EventSourceArn=arn or self.stream,
            **{"StartingPosition": "LATEST", **settings},
        )
        self.mappings.append(made["UUID"])
        return made

    def put(self, *keys: str) -> None:
        for key in keys:
            self.dynamodb.put_item(TableName=self.table, Item={"pk": {"S": key}})

    def batches(self, *, until: str) -> list[str]:
        """Wait for a word in the log; return the batches that the function was handed."""
        events = self.lab.logs("reader", until=until)
        return [event.message.strip() for event in events if event.message.startswith("batch")]

    def failure(self) -> dict[str, Any]:
        sqs = self.lab.client("sqs")

        def received() -> list[Any]:
            found = sqs.receive_message(QueueUrl=self.failures.url, WaitTimeSeconds=1)
            return found.get("Messages", [])

        (message,) = wait_until(received, doing="waiting for the discarded record", timeout_seconds=60)
        sqs.delete_message(QueueUrl=self.failures.url, ReceiptHandle=message["ReceiptHandle"])
        return json.loads(message["Body"])

    def on_failure(self) -> dict[str, Any]:
        return {"OnFailure": {"Destination": self.failures.arn}}


@pytest.fixture(scope="module")
def streams(module_lab: Lab) -> Streams:
    return Streams(module_lab)


@pytest.fixture(autouse=True)
def unmapped(streams: Streams) -> Iterator[None]:
    yield
    for uuid in streams.mappings:
        streams.client.delete_event_source_mapping(UUID=uuid)
    streams.mappings.clear()


def test_a_mapping_of_a_stream_has_awss_defaults(streams: Streams) -> None:
    made = streams.map(Enabled=False)
    assert made["BatchSize"] == 100
    assert made["MaximumRetryAttempts"] == -1
    assert made["MaximumRecordAgeInSeconds"] == -1
    assert made["BisectBatchOnFunctionError"] is False


def test_the_role_must_be_allowed_to_read_the_stream(streams: Streams) -> None:
    streams.may(*(f"dynamodb:{each}" for each in READS[1:]))
    with pytest.raises(ClientError, match="Please ensure the role can perform the GetRecords") as refused:
        streams.map()
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    streams.may("logs:*", "dynamodb:*", "kinesis:*", "sqs:SendMessage")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"StartingPosition": "AT_TIMESTAMP"}, "TRIM_HORIZON or LATEST"),
        ({"TumblingWindowInSeconds": 5}, "no tumbling windows"),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::a-bucket"}}},
            "SQS queues and SNS topics only",
        ),
    ],
)
def test_what_the_local_cloud_can_not_do_is_refused(
    streams: Streams, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        streams.map(**settings)


def test_a_bad_record_blocks_its_shard_until_the_mapping_gives_it_up(streams: Streams) -> None:
    uuid = streams.map(BatchSize=1)["UUID"]
    streams.put("poison-a", "after-a")
    wait_until(
        lambda: streams.batches(until="poison-a").count("batch poison-a") >= 3, doing="waiting for retries"
    )
    assert "batch after-a" not in streams.batches(until="poison-a"), "the record behind it waits"
    streams.client.update_event_source_mapping(
        UUID=uuid, MaximumRetryAttempts=1, DestinationConfig=streams.on_failure()
    )
    assert "batch after-a" in streams.batches(until="batch after-a")
    assert streams.failure()["requestContext"]["condition"] == "RetryAttemptsExhausted"


def test_bisecting_saves_the_good_records(streams: Streams) -> None:
    streams.map(
        MaximumRetryAttempts=0,
        BisectBatchOnFunctionError=True,
        MaximumBatchingWindowInSeconds=300,
        BatchSize=4,
        DestinationConfig=streams.on_failure(),
    )
    streams.put("b1", "b2", "poison-b", "b4")
    told = streams.failure()
    batches = [
        each for each in streams.batches(until="batch b4") if "b1" in each or "-b" in each or "b4" in each
    ]
    assert batches == [
        "batch b1 b2 poison-b b4",
        "batch b1 b2",
        "batch poison-b b4",
        "batch poison-b",
        "batch b4",
    ]
    assert told["requestContext"]["approximateInvokeCount"] == 3
    assert told["DDBStreamBatchInfo"]["batchSize"] == 1
    assert told["DDBStreamBatchInfo"]["streamArn"] == streams.stream
    assert f"RequestId: {told['requestContext']['requestId']}" in str(streams.lab.logs("reader"))


def test_a_kinesis_stream_is_read_in_the_same_way(streams: Streams) -> None:
    kinesis, name = streams.lab.client("kinesis"), streams.lab.name("clicks")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    try:
        kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
        streams.map(arn, MaximumRetryAttempts=1, BatchSize=1, DestinationConfig=streams.on_failure())
        for data in (b"poison-k", b"after-k"):
            kinesis.put_record(StreamName=name, Data=data, PartitionKey="1")
        told = streams.failure()
        batches = [each for each in streams.batches(until="batch after-k") if each.endswith("-k")]
        assert batches == ["batch poison-k", "batch poison-k", "batch after-k"]
        assert told["KinesisBatchInfo"]["shardId"] == "shardId-000000000000"
    finally:
        kinesis.delete_stream(StreamName=name)
