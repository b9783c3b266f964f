"""Where a rule's event is delivered: only to what permits it, and to a function asynchronously, with retries.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

import contextvars
import json
import logging
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.ministack.invoke_permission import may_invoke
from labsupport.localcloud.ministack.seams import replace

logger = logging.getLogger(__name__)

PRINCIPAL = "events.amazonaws.com"

_source_arn: contextvars.ContextVar[str] = contextvars.ContextVar("eventbridge_source_arn", default="")


class EventBridgeSeam:
    """EventBridge's side of a rule whose target is a function."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import eventbridge, lambda_svc, sns, sqs

        self._eventbridge: Any = eventbridge
        self._lambda: Any = lambda_svc
        self._responses: Any = responses
        self._sns: Any = sns
        self._sqs: Any = sqs

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        replace(self._eventbridge, "_invoke_target", self._noting_the_rule)
        replace(self._eventbridge, "_dispatch_to_lambda", lambda _original: self._deliver)
        replace(self._eventbridge, "_dispatch_to_sqs", self._asking_the_queue)
        replace(self._eventbridge, "_dispatch_to_sns", self._asking_the_topic)

    def _noting_the_rule(self, original: Callable[..., None]) -> Callable[..., None]:
        def invoke_target(target: Any, event: Any, rule: dict[str, Any], view: Any = None) -> None:
            token = _source_arn.set(str(rule.get("Arn", "")))
            try:
                original(target, event, rule, view)
            finally:
                _source_arn.reset(token)

        return invoke_target

    def _deliver(self, arn: str, payload: str) -> None:
        if not self._is_permitted(arn, self._may_invoke):
            return
        func, config, _name = self._lambda._get_func_record_for_ref(arn)
        if func and config:
            record = self._lambda._execution_record_for_config(func, config)
            self._lambda.invoke_async_with_retry(record, json.loads(payload))

    def _asking_the_queue(self, original: Callable[..., None]) -> Callable[..., None]:
        def dispatch(spec: Any, payload: str, parameters: Any = None) -> None:
            if self._is_permitted(str(spec), self._may_send):
                original(spec, payload, parameters)

        return dispatch

    def _asking_the_topic(self, original: Callable[..., None]) -> Callable[..., None]:
        def dispatch(arn: str, payload: str) -> None:
            if self._is_permitted(arn, self._may_publish):
                original(arn, payload)

        return dispatch

    def _is_permitted(self, target_arn: str, may_deliver: Callable[[str, str], bool]) -> bool:
        source = _source_arn.get()
        # A schedule delivers with a role of its own (`scheduler_seam.py`), not by the target's policy.
        if ":rule/" not in source or may_deliver(target_arn, source):
            return True
        logger.warning("EventBridge may not deliver to %s for %s; event dropped.", target_arn, source)
        return False

    def _may_invoke(self, arn: str, source: str) -> bool:
        return may_invoke(PRINCIPAL, arn, source, region=self._responses.get_region())

    def _may_send(self, arn: str, source: str) -> bool:
        account = self._responses.get_account_id()
        return bool(self._sqs.queue_policy_allows(arn, PRINCIPAL, source, account))

    def _may_publish(self, arn: str, _source: str) -> bool:
        # EventBridge tells topics no source: a statement with a condition never lets it.
        return bool(self._sns.topic_policy_allows(arn, PRINCIPAL, "", ""))
