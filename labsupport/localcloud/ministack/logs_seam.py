"""Write log events where CloudWatch Logs keeps them: a function's, if its role may, and access logs."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Sequence
from typing import Any

from labsupport.localcloud.api_gateway.access_log import LogGroup
from labsupport.localcloud.lambda_service.function import Function, LogEvent
from labsupport.localcloud.rules import lambda_log_permission


class LogsSeam:
    """Append to log streams, and make a log group that isn't there yet."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import iam_evaluator, responses
        from ministack.services import cloudwatch_logs

        self._iam: Any = iam_evaluator
        self._responses: Any = responses
        self._logs: Any = cloudwatch_logs

    def write(self, function: Function, stream_name: str, events: Sequence[LogEvent]) -> None:
        """Append events to a stream of the function's log group."""
        _, _, _, region, account, *_ = function.arn.split(":")
        # MiniStack keeps resources by the account and the Region of the request under way.
        work = contextvars.copy_context()
        work.run(self._write, account, region, function, stream_name, events)

    def write_access_log(self, group: LogGroup, stream_name: str, message: str) -> None:
        """Append an event to a log group that is there (`access_log.WriteEvent`)."""
        contextvars.copy_context().run(self._write_access_log, group, stream_name, message)

    def write_execution_log(self, group: LogGroup, stream_name: str, messages: Sequence[str]) -> None:
        """Append events to a log group that API Gateway makes itself."""
        contextvars.copy_context().run(self._write_execution_log, group, stream_name, messages)

    def _write_execution_log(self, group: LogGroup, stream_name: str, messages: Sequence[str]) -> None:
        self._responses._request_account_id.set(group.account)
        self._responses._request_region.set(group.region)
        now_ms = int(time.time() * 1000)
        if messages:
            self._make_group(group.name)
            self._append(group.name, stream_name, [LogEvent(now_ms, message) for message in messages])

    def _write_access_log(self, group: LogGroup, stream_name: str, message: str) -> None:
        self._responses._request_account_id.set(group.account)
        self._responses._request_region.set(group.region)
        if group.name in self._logs._log_groups:
            self._append(group.name, stream_name, [LogEvent(int(time.time() * 1000), message)])

    def _write(
        self, account: str, region: str, function: Function, stream_name: str, events: Sequence[LogEvent]
    ) -> None:
        self._responses._request_account_id.set(account)
        self._responses._request_region.set(region)
        groups, group_name = self._logs._log_groups, function.log_group
        may_write = lambda_log_permission.may_write(
            f"arn:aws:logs:{region}:{account}:log-group:{group_name}",
            stream_name,
            group_exists=group_name in groups,
            allows=lambda action, arn: self._allows(function, account, region, action, arn),
        )
        if not may_write:
            return
        self._make_group(group_name)
        self._append(group_name, stream_name, events)

    def _make_group(self, group_name: str) -> None:
        groups = self._logs._log_groups
        if group_name not in groups:
            groups[group_name] = {
                "arn": self._logs._make_group_arn(group_name),
                "creationTime": int(time.time() * 1000),
                "retentionInDays": None,
                "tags": {},
                "subscriptionFilters": {},
                "streams": {},
            }

    def _append(self, group_name: str, stream_name: str, events: Sequence[LogEvent]) -> None:
        now_ms = int(time.time() * 1000)
        new_stream = {
            "events": [],
            "uploadSequenceToken": "1",
            "creationTime": now_ms,
            "firstEventTimestamp": None,
            "lastEventTimestamp": None,
            "lastIngestionTime": None,
        }
        stream = self._logs._log_groups[group_name]["streams"].setdefault(stream_name, new_stream)
        stored = [
            {"timestamp": event.timestamp_ms, "message": event.message, "ingestionTime": now_ms}
            for event in events
        ]
        self._logs._append_log_events(stream, stored)
        self._logs._fanout_to_subscription_filters(group_name, stream_name, stored)

    def _allows(self, function: Function, account: str, region: str, action: str, resource_arn: str) -> bool:
        role = function.role_arn.rsplit("/", 1)[-1]
        context = self._iam.EvalContext(
            principal_arn=f"arn:aws:sts::{account}:assumed-role/{role}/{function.name}",
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=resource_arn,
            region=region,
        )
        result = self._iam.evaluate(context, self._iam._gather_role_policies(role, account))
        return bool(result.decision == "Allow")
