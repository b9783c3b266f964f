"""Write a function's log events where CloudWatch Logs keeps them."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Sequence
from typing import Any

from labsupport.localcloud.lambda_service.function import Function, LogEvent


class LogsSeam:
    """Append to log streams, and make a log group that isn't there yet."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import cloudwatch_logs

        self._responses: Any = responses
        self._logs: Any = cloudwatch_logs

    def write(self, function: Function, stream_name: str, events: Sequence[LogEvent]) -> None:
        """Append events to a stream of the function's log group."""
        _, _, _, region, account, *_ = function.arn.split(":")
        # MiniStack keeps resources by the account and the Region of the request under way.
        work = contextvars.copy_context()
        work.run(self._write, account, region, function.log_group, stream_name, events)

    def _write(
        self, account: str, region: str, group_name: str, stream_name: str, events: Sequence[LogEvent]
    ) -> None:
        self._responses._request_account_id.set(account)
        self._responses._request_region.set(region)
        now_ms = int(time.time() * 1000)
        groups = self._logs._log_groups
        if group_name not in groups:
            groups[group_name] = {
                "arn": self._logs._make_group_arn(group_name),
                "creationTime": now_ms,
                "retentionInDays": None,
                "tags": {},
                "subscriptionFilters": {},
                "streams": {},
            }
        new_stream = {
            "events": [],
            "uploadSequenceToken": "1",
            "creationTime": now_ms,
            "firstEventTimestamp": None,
            "lastEventTimestamp": None,
            "lastIngestionTime": None,
        }
        stream = groups[group_name]["streams"].setdefault(stream_name, new_stream)
        stored = [
            {"timestamp": event.timestamp_ms, "message": event.message, "ingestionTime": now_ms}
            for event in events
        ]
        self._logs._append_log_events(stream, stored)
