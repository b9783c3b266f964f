"""Where EventBridge hands an event to a function: only with permission, and asynchronously, with retries.

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

_source_arn: contextvars.ContextVar[str] = contextvars.ContextVar("eventbridge_source_arn", default="")


class EventBridgeSeam:
    """EventBridge's side of a rule whose target is a function."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import eventbridge, lambda_svc

        self._eventbridge: Any = eventbridge
        self._lambda: Any = lambda_svc
        self._responses: Any = responses

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        replace(self._eventbridge, "_invoke_target", self._noting_the_rule)
        replace(self._eventbridge, "_dispatch_to_lambda", lambda _original: self._deliver)

    def _noting_the_rule(self, original: Callable[..., None]) -> Callable[..., None]:
        def invoke_target(target: Any, event: Any, rule: dict[str, Any], view: Any = None) -> None:
            token = _source_arn.set(str(rule.get("Arn", "")))
            try:
                original(target, event, rule, view)
            finally:
                _source_arn.reset(token)

        return invoke_target

    def _deliver(self, arn: str, payload: str) -> None:
        source = _source_arn.get()
        # A schedule invokes with a role of its own (`scheduler_seam.py`), not by the function's policy.
        if ":rule/" in source and not self._may_invoke(arn, source):
            logger.warning("EventBridge may not invoke %s for %s; event dropped.", arn, source)
            return
        func, config, _name = self._lambda._get_func_record_for_ref(arn)
        if func and config:
            record = self._lambda._execution_record_for_config(func, config)
            self._lambda.invoke_async_with_retry(record, json.loads(payload))

    def _may_invoke(self, arn: str, source: str) -> bool:
        region = self._responses.get_region()
        return may_invoke("events.amazonaws.com", arn, source, region=region)
