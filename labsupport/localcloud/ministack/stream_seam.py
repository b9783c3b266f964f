"""Where Lambda polls DynamoDB streams and Kinesis streams for its functions.

Each shard has one batch under way at a time, in a thread of its own: a slow function holds up nobody else.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.lambda_service import destinations, discarded_records
from labsupport.localcloud.lambda_service.invocation import new_trace_id
from labsupport.localcloud.lambda_service.stream_batches import Discarded, Outcome, Shard, StreamSettings
from labsupport.localcloud.ministack.lambda_seam import inbound_request_id
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.ministack.stream_sources import KinesisStreams, StreamShard, TableStreams

logger = logging.getLogger(__name__)

Mapping = dict[str, Any]
Key = tuple[str, str]  # mapping, shard


class StreamSeam:
    """Lambda's side of a stream."""

    def __init__(self, endpoint_url: str) -> None:
        """Take MiniStack's modules. Discarded records are sent through the endpoint."""
        from ministack.core import concurrency, lambda_runtime, responses
        from ministack.services import lambda_svc

        self._endpoint_url = endpoint_url
        self._lambda: Any = lambda_svc
        self._responses: Any = responses
        self._runtime: Any = lambda_runtime
        self._wake: Any = concurrency.esm_wake
        self._tables, self._streams = TableStreams(), KinesisStreams()
        self._shards: dict[Key, Shard] = {}
        self._busy: set[Key] = set()

    def attach(self) -> None:
        """Stand in the place of MiniStack's pollers."""
        replace(self._lambda, "_poll_dynamodb_streams", lambda _original: lambda: self._poll(self._tables))
        replace(self._lambda, "_poll_kinesis", lambda _original: lambda: self._poll(self._streams))
        replace(self._lambda, "_init_stream_position", self._beginning)
        replace(self._lambda, "_release_esm_poll_state", self._forgetting)

    def _beginning(self, original: Callable[..., None]) -> Callable[..., None]:
        def begin(esm_id: str, source_arn: str, starting: str) -> None:
            original(esm_id, source_arn, starting)  # tables
            self._streams.begin(esm_id, source_arn, starting)

        return begin

    def _forgetting(self, original: Callable[..., None]) -> Callable[..., None]:
        def forget(esm_id: str) -> None:
            original(esm_id)
            for key in [key for key in self._shards if key[0] == esm_id]:
                del self._shards[key]

        return forget

    def _poll(self, sources: TableStreams | KinesisStreams) -> bool:
        """Hand over what is there; returns whether there was something."""
        began = False
        for account, region, mapping in self._lambda._iter_all_esms():
            account_token = self._responses._request_account_id.set(account)
            region_token = self._responses._request_region.set(region)
            try:
                if mapping.get("Enabled", True):
                    for shard in sources.shards(mapping):
                        began = self._hand_over(mapping, shard) or began
            finally:
                self._responses._request_account_id.reset(account_token)
                self._responses._request_region.reset(region_token)
        return began

    def _hand_over(self, mapping: Mapping, source: StreamShard) -> bool:
        key = mapping["UUID"], source.shard_id
        if key in self._busy:
            return False
        shard = self._shards.setdefault(key, Shard(source.position()))
        shard.position = max(shard.position, source.horizon)
        found = shard.next_batch(source.read, _settings(mapping), time.time())
        source.keep(shard.position)
        if found is None:
            return False
        self._busy.add(key)
        self._lambda._dispatch_esm_batch(mapping["UUID"], self._run, mapping, source, shard, key)
        return True

    def _run(self, mapping: Mapping, source: StreamShard, shard: Shard, key: Key) -> None:
        request_id = str(uuid.uuid4())
        inbound_request_id.set(request_id)
        settings = _settings(mapping)
        try:
            given_up = shard.give_up_old(settings, time.time())
            if given_up is None and (batch := shard.next_batch(source.read, settings, time.time())):
                outcome = self._invoke(mapping, [record.event for record in batch.records])
                given_up = shard.finish(outcome, settings, time.time())
            source.keep(shard.position)
            if given_up:
                self._tell(mapping, source, given_up, request_id)
        finally:
            self._busy.discard(key)
        self._wake_at(shard.not_before)

    def _invoke(self, mapping: Mapping, events: list[dict[str, Any]]) -> Outcome:
        record, config = self._function(mapping)
        if record is None:
            return Outcome(throttled=True)  # the function is gone, and may come back
        result = self._lambda._execute_function(record, {"Records": events})
        failed = bool(result.get("error"))
        mapping["LastProcessingResult"] = "PROBLEM: Function call failed" if failed else "OK"
        return Outcome(
            response=result.get("body"),
            function_error=(result.get("function_error") or "Unhandled") if failed else None,
            throttled=bool(result.get("throttle")),
            executed_version=config.get("Version", "$LATEST"),
        )

    def _tell(self, mapping: Mapping, source: StreamShard, given_up: Discarded, request_id: str) -> None:
        """Send the document to the on-failure destination, if there is one and the role may."""
        on_failure = (mapping.get("DestinationConfig") or {}).get("OnFailure") or {}
        destination = on_failure.get("Destination")
        _record, config = self._function(mapping)
        if not destination or config is None:
            return
        document = discarded_records.document(
            discarded_records.Source(mapping["EventSourceArn"], source.shard_id, mapping["FunctionArn"]),
            given_up,
            request_id=request_id,
            now=time.time(),
        )
        sender = destinations.Sender(
            self._endpoint_url,
            self._responses.get_region(),
            self._runtime.execution_credentials(config),
            new_trace_id(),
        )
        try:
            destinations.deliver(sender, destination, document)
        except Exception as error:  # the record is lost, and the stream goes on
            logger.warning("%s could not deliver to %s: %s", mapping["FunctionArn"], destination, error)

    def _function(self, mapping: Mapping) -> tuple[Any, Any]:
        found = self._lambda._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
        return found  # type: ignore[no-any-return]  # MiniStack's

    def _wake_at(self, when: float) -> None:
        """Have the pollers look again when a batch may be tried again, and not a second later."""
        if (seconds := when - time.time()) > 0:
            timer = threading.Timer(seconds, self._wake.set)
            timer.daemon = True
            timer.start()


def _settings(mapping: Mapping) -> StreamSettings:
    return StreamSettings(
        batch_size=int(mapping.get("BatchSize") or 100),
        window_seconds=int(mapping.get("MaximumBatchingWindowInSeconds") or 0),
        retries=int(mapping.get("MaximumRetryAttempts", -1)),
        maximum_age_seconds=int(mapping.get("MaximumRecordAgeInSeconds", -1)),
        bisects=bool(mapping.get("BisectBatchOnFunctionError")),
        reports_failures="ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or []),
    )
