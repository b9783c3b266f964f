"""Where an event source mapping is made, and which mappings are polled.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.ministack.service_roles import ServiceRoles
from labsupport.localcloud.rules import event_source_mapping as rules
from labsupport.localcloud.rules.refusal import Refusal

Answer = Any
Mapping = dict[str, Any]


class EventSourceSeam:
    """Lambda's side of a queue or a stream that it polls."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import dynamodb, kinesis, lambda_svc, sqs

        self._dynamodb: Any = dynamodb
        self._kinesis: Any = kinesis
        self._lambda: Any = lambda_svc
        self._responses: Any = responses
        self._sqs: Any = sqs
        self._roles = ServiceRoles()

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        replace(self._lambda, "_create_esm", self._creating)
        replace(self._lambda, "_update_esm", self._updating)
        replace(self._lambda, "_iter_all_esms", self._polling)

    def _creating(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def create(data: Mapping) -> Answer:
            if rules.service(data.get("EventSourceArn", "")) in rules.STREAM_ACTIONS:
                data = {**rules.STREAM_DEFAULTS, **data}
            if refusal := self._problem(data, data.get("FunctionName", ""), is_new=True):
                return self._lambda.error_response_json(refusal.code, refusal.message, refusal.status)
            return original(data)

        return create

    def _updating(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def update(esm_id: str, data: Mapping) -> Answer:
            mapping = self._lambda._esms.get(esm_id)
            refusal = mapping and self._problem(
                {**mapping, **data}, data.get("FunctionName") or mapping["FunctionArn"], is_new=False
            )
            if refusal:
                return self._lambda.error_response_json(refusal.code, refusal.message, refusal.status)
            return original(esm_id, data)

        return update

    def _polling(self, original: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def mappings() -> Iterator[tuple[str, str, Mapping]]:
            for account, region, mapping in original():
                account_token = self._responses._request_account_id.set(account)
                region_token = self._responses._request_region.set(region)
                try:
                    may_poll = self._may_poll(mapping)
                finally:
                    self._responses._request_account_id.reset(account_token)
                    self._responses._request_region.reset(region_token)
                if may_poll:
                    yield account, region, mapping

        return mappings

    def _may_poll(self, mapping: Mapping) -> bool:
        """Ask for the permissions once more: a policy may have changed since the mapping was made."""
        arn = mapping.get("EventSourceArn", "")
        if not mapping.get("Enabled", True) or not rules.is_polled(arn):
            return True  # MiniStack goes on to the next one
        _record, config = self._lambda._get_func_record_for_qualifier(
            mapping["FunctionName"], mapping.get("Qualifier")
        )
        return config is not None and self._permission_problem(arn, config) is None

    def _problem(self, parameters: Mapping, function_ref: str, *, is_new: bool) -> Refusal | None:
        arn = parameters.get("EventSourceArn", "")
        name, qualifier, error = self._lambda._resolve_existing_esm_function(function_ref)
        if error or not rules.is_polled(arn) or arn.split(":")[4] != self._responses.get_account_id():
            return None  # MiniStack's to answer
        if refusal := rules.settings_problem(parameters):
            return refusal
        if is_new and (other := self._same(arn, name, qualifier)):
            return rules.duplicate(arn, name, other["UUID"])
        if not self._source_exists(arn):
            return rules.source_missing(arn)
        _record, config = self._lambda._get_func_record_for_qualifier(name, qualifier)
        if refusal := self._permission_problem(arn, config):
            return refusal
        if rules.service(arn) != "sqs":
            return None
        visibility = self._queue(arn)["attributes"].get("VisibilityTimeout", 30)
        return rules.visibility_problem(int(visibility), int(config.get("Timeout") or 3))

    def _permission_problem(self, arn: str, config: Mapping) -> Refusal | None:
        return rules.permission_problem(
            arn,
            lambda action: self._roles.allows(config["Role"], config["FunctionName"], action, arn),
        )

    def _same(self, arn: str, name: str, qualifier: str | None) -> Mapping | None:
        for mapping in self._lambda._esms.values():
            what = mapping["EventSourceArn"], mapping["FunctionName"], mapping.get("Qualifier")
            if what == (arn, name, qualifier):
                return dict(mapping)
        return None

    def _source_exists(self, arn: str) -> bool:
        if rules.service(arn) == "sqs":
            return self._queue(arn) is not None
        if rules.service(arn) == "kinesis":
            return any(stream.get("StreamARN") == arn for stream in self._kinesis._streams.values())
        return any(table.get("LatestStreamArn") == arn for table in self._dynamodb._tables.values())

    def _queue(self, arn: str) -> Any:
        return self._sqs._queues.get(self._sqs._queue_url(arn.rpartition(":")[2]))
