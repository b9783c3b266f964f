"""The document that tells an on-failure destination which records of a stream Lambda has given up.

It names the records by their sequence numbers. They are still in the stream until they expire.

https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from labsupport.localcloud.lambda_service.stream_batches import Discarded

INFO = {"dynamodb": "DDBStreamBatchInfo", "kinesis": "KinesisBatchInfo"}


class Source(NamedTuple):
    """A shard of a stream, and the function that reads it."""

    stream_arn: str
    shard_id: str
    function_arn: str


def document(source: Source, discarded: Discarded, *, request_id: str, now: float) -> dict[str, Any]:
    """Return the document. `request_id` is the last invocation's."""
    batch = discarded.batch
    first, last = batch.records[0], batch.records[-1]
    service = source.stream_arn.split(":")[2]
    # DynamoDB tells seconds, Kinesis milliseconds.
    unit = "milliseconds" if service == "kinesis" else "seconds"
    told: dict[str, Any] = {
        "requestContext": {
            "requestId": request_id,
            "functionArn": source.function_arn,
            "condition": discarded.condition,
            "approximateInvokeCount": batch.invocations,
        }
    }
    if batch.last is not None:
        told["responseContext"] = {
            "statusCode": 200,
            "executedVersion": batch.last.executed_version,
            "functionError": batch.last.function_error,
        }
    return told | {
        "version": "1.0",
        "timestamp": _time(now, "milliseconds"),
        INFO[service]: {
            "shardId": source.shard_id,
            "startSequenceNumber": first.sequence_number,
            "endSequenceNumber": last.sequence_number,
            "approximateArrivalOfFirstRecord": _time(first.arrived, unit),
            "approximateArrivalOfLastRecord": _time(last.arrived, unit),
            "batchSize": len(batch.records),
            "streamArn": source.stream_arn,
        },
    }


def _time(seconds: float, unit: str) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec=unit).replace("+00:00", "Z")
