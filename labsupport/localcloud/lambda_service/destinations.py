"""Deliver to a destination as Lambda does: over the service's API, with the function's execution role.

A role that may not send to the destination loses the record, here as on AWS.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sender:
    """The execution role of a function, at an endpoint, and the trace header of the invocation."""

    endpoint_url: str
    region: str
    credentials: Mapping[str, str]
    trace_id: str

    def client(self, service: str) -> Any:
        """Return a boto3 client with the role's credentials."""
        import boto3  # a fifth of a second, paid by the first delivery instead of each start

        client = boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=self.region,
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self.credentials["AWS_SESSION_TOKEN"],
        )
        client.meta.events.register("before-call", self._add_trace)
        return client

    def _add_trace(self, params: dict[str, Any], **_others: Any) -> None:
        """Keep the chain of invocations, which may lead back to the function."""
        params["headers"]["X-Amzn-Trace-Id"] = self.trace_id


def deliver(sender: Sender, destination_arn: str, record: dict[str, Any]) -> None:
    """Send a destination record to a queue, a topic, a function, an event bus or a bucket.

    Raises:
        botocore.exceptions.ClientError: the role may not, or the destination doesn't exist.
        ValueError: Lambda has no destinations of this kind.
    """
    service = destination_arn.split(":")[2]
    if service not in DESTINATIONS:
        raise ValueError(f"{destination_arn} is no destination for asynchronous invocations")
    DESTINATIONS[service](sender, destination_arn, record)


def send_dead_letter(sender: Sender, arn: str, body: str, attributes: Mapping[str, str]) -> None:
    """Send an event to a dead-letter queue or topic, with its three message attributes."""
    typed = {name: {"DataType": "String", "StringValue": value or "-"} for name, value in attributes.items()}
    if arn.split(":")[2] == "sns":
        sender.client("sns").publish(TopicArn=arn, Message=body, MessageAttributes=typed)
    else:
        url = _queue_url(sender, arn)
        sender.client("sqs").send_message(QueueUrl=url, MessageBody=body, MessageAttributes=typed)


def _to_queue(sender: Sender, arn: str, record: dict[str, Any]) -> None:
    sender.client("sqs").send_message(QueueUrl=_queue_url(sender, arn), MessageBody=json.dumps(record))


def _to_topic(sender: Sender, arn: str, record: dict[str, Any]) -> None:
    sender.client("sns").publish(TopicArn=arn, Message=json.dumps(record))


def _to_function(sender: Sender, arn: str, record: dict[str, Any]) -> None:
    sender.client("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=json.dumps(record))


def _to_event_bus(sender: Sender, arn: str, record: dict[str, Any]) -> None:
    outcome = "Success" if record["requestContext"]["condition"] == "Success" else "Failure"
    entry = {
        "EventBusName": arn,
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {outcome}",
        "Resources": [arn, record["requestContext"]["functionArn"]],
        "Detail": json.dumps(record),
    }
    sender.client("events").put_events(Entries=[entry])


def _to_bucket(sender: Sender, arn: str, record: dict[str, Any]) -> None:
    context = record["requestContext"]
    name = context["functionArn"].split(":")[6]
    day = record["timestamp"][:10].replace("-", "/")
    key = f"aws/lambda/async/{name}/{day}/{record['timestamp']}-{context['requestId']}"
    sender.client("s3").put_object(Bucket=arn.split(":")[-1], Key=key, Body=json.dumps(record).encode())


def _queue_url(sender: Sender, arn: str) -> str:
    account, name = arn.split(":")[4:6]
    return f"{sender.endpoint_url}/{account}/{name}"


DESTINATIONS: dict[str, Callable[[Sender, str, dict[str, Any]], None]] = {
    "sqs": _to_queue,
    "sns": _to_topic,
    "lambda": _to_function,
    "events": _to_event_bus,
    "s3": _to_bucket,
}
