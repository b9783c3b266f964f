"""The shards of DynamoDB streams and Kinesis streams, and how far a mapping has read them.

MiniStack keeps the positions, and saves them with its state.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from labsupport.localcloud.lambda_service.stream_batches import StreamRecord

Mapping = dict[str, Any]
TABLE_SHARD = "shardId-00000000000000000000-00000000"
"""MiniStack's stream of a table has this one shard."""


@dataclass(frozen=True)
class StreamShard:
    """A shard, for one mapping.

    Attributes:
        horizon: the position of the oldest record that is still there.
        position: tells how far the mapping has read.
        keep: notes how far.
        read: see `stream_batches.Read`.
    """

    shard_id: str
    horizon: int
    position: Callable[[], int]
    keep: Callable[[int], None]
    read: Callable[[int, int], tuple[Sequence[StreamRecord], int]]


class TableStreams:
    """The streams of DynamoDB tables."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.services import dynamodb, lambda_svc

        self._dynamodb: Any = dynamodb
        self._lambda: Any = lambda_svc

    def shards(self, mapping: Mapping) -> Iterator[StreamShard]:
        """Yield the shard of a mapping's table."""
        arn = mapping.get("EventSourceArn", "")
        name = arn.partition("/stream/")[0].rpartition("/")[2]
        table = self._dynamodb._tables.get(name) if ":dynamodb:" in arn else None
        if not table or table.get("LatestStreamArn") != arn:
            return
        positions, uuid = self._lambda._dynamodb_stream_positions, mapping["UUID"]
        if uuid not in positions:
            self._lambda._init_stream_position(uuid, arn, mapping.get("StartingPosition", "LATEST"))

        def keep(position: int) -> None:
            if uuid in positions:  # a mapping that is deleted has none
                positions[uuid] = position

        yield StreamShard(
            TABLE_SHARD,
            self._dynamodb.stream_start_position(name),
            lambda: int(positions[uuid]),
            keep,
            lambda position, most: self._read(mapping, name, position, most),
        )

    def _read(
        self, mapping: Mapping, table: str, position: int, most: int
    ) -> tuple[Sequence[StreamRecord], int]:
        found = self._dynamodb.stream_records_since(table, position, most)
        records = [
            StreamRecord(
                position + offset,
                str(event["dynamodb"]["SequenceNumber"]),
                float(event["dynamodb"]["ApproximateCreationDateTime"]),
                event,
            )
            for offset, event in enumerate(found)
            if self._lambda._apply_filter_criteria([event], mapping)
        ]
        return records, position + len(found)


class KinesisStreams:
    """Kinesis data streams."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import kinesis, lambda_svc

        self._kinesis: Any = kinesis
        self._lambda: Any = lambda_svc
        self._responses: Any = responses

    def begin(self, uuid: str, arn: str, starting: str) -> None:
        """Note where a new mapping begins: at the oldest records, or behind the newest."""
        if stream := self._stream(arn):
            at_the_end = starting != "TRIM_HORIZON"
            self._lambda._kinesis_positions[uuid] = {
                shard_id: len(shard["records"]) if at_the_end else 0
                for shard_id, shard in stream["shards"].items()
            }

    def shards(self, mapping: Mapping) -> Iterator[StreamShard]:
        """Yield the shards of a mapping's stream. One that came later is read from its beginning."""
        arn, uuid = mapping.get("EventSourceArn", ""), mapping["UUID"]
        stream = self._stream(arn)
        if stream is None or stream.get("StreamStatus") != "ACTIVE":
            return
        if uuid not in self._lambda._kinesis_positions:
            self.begin(uuid, arn, mapping.get("StartingPosition", "LATEST"))
        positions = self._lambda._kinesis_positions[uuid]
        for shard_id in list(stream["shards"]):
            positions.setdefault(shard_id, 0)
            yield self._shard(mapping, stream, shard_id, positions)

    def _shard(self, mapping: Mapping, stream: Any, shard_id: str, positions: dict[str, int]) -> StreamShard:
        def read(position: int, most: int) -> tuple[Sequence[StreamRecord], int]:
            found = stream["shards"][shard_id]["records"][position : position + most]
            records = []
            for offset, each in enumerate(found):
                event = self._event(mapping, shard_id, each)
                if self._lambda._apply_filter_criteria([event], mapping):
                    arrived = float(each["ApproximateArrivalTimestamp"])
                    records.append(StreamRecord(position + offset, each["SequenceNumber"], arrived, event))
            return records, position + len(found)

        def keep(position: int) -> None:
            positions[shard_id] = position

        return StreamShard(shard_id, 0, lambda: positions[shard_id], keep, read)

    def _stream(self, arn: str) -> Any:
        if ":kinesis:" not in arn:
            return None
        streams = self._kinesis._streams
        found = streams.get_scoped(arn.split(":")[4], arn.split(":")[3], arn.rpartition("/")[2])
        return found if found and found.get("StreamARN") == arn else None

    def _event(self, mapping: Mapping, shard_id: str, record: dict[str, Any]) -> dict[str, Any]:
        _function, config = self._lambda._get_func_record_for_qualifier(
            mapping["FunctionName"], mapping.get("Qualifier")
        )
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "data": _base64(record["Data"]),
                "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard_id}:{record['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": (config or {}).get("Role"),
            "awsRegion": self._responses.get_region(),
            "eventSourceARN": mapping["EventSourceArn"],
        }


def _base64(data: bytes | str) -> str:
    """Return a record's data as the handler gets it. MiniStack keeps what came over the wire, or bytes."""
    return base64.b64encode(data).decode("ascii") if isinstance(data, bytes) else data
