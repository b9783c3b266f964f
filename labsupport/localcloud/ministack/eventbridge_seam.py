"""Where a rule's event is delivered: only to what permits it, or else to the target's dead-letter queue.

A function gets it asynchronously, with retries.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

import contextvars
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labsupport.localcloud.delivery_metrics import DeliveryMetrics
from labsupport.localcloud.lambda_service.metrics import WriteMetric
from labsupport.localcloud.ministack import dead_letter_queue
from labsupport.localcloud.ministack.invoke_permission import may_invoke
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import eventbridge_dead_letter
from labsupport.localcloud.rules.eventbridge_dead_letter import ErrorCode

logger = logging.getLogger(__name__)

PRINCIPAL = "events.amazonaws.com"


@dataclass
class Delivery:
    """One event on its way to one target.

    Attributes:
        source: ARN of the rule or the schedule.
        problem: why the target doesn't get it, or None.
    """

    source: str
    problem: ErrorCode | None = None

    @property
    def is_a_rules(self) -> bool:
        """A schedule delivers with a role of its own (`scheduler_seam.py`), not by the target's policy."""
        return ":rule/" in self.source


_delivery: contextvars.ContextVar[Delivery] = contextvars.ContextVar("eventbridge_delivery")


class EventBridgeSeam:
    """EventBridge's side of a rule whose target is a function, a queue or a topic."""

    def __init__(self, write_metric: WriteMetric) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import eventbridge, lambda_svc, sns, sqs

        self._eventbridge: Any = eventbridge
        self._lambda: Any = lambda_svc
        self._responses: Any = responses
        self._sns: Any = sns
        self._sqs: Any = sqs
        self._metrics = DeliveryMetrics("AWS/Events", write_metric)

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        replace(self._eventbridge, "_invoke_target", self._noting_problems)
        replace(self._eventbridge, "_dispatch_to_lambda", lambda _original: self._deliver)
        replace(self._eventbridge, "_dispatch_to_sqs", self._asking_the_queue)
        replace(self._eventbridge, "_dispatch_to_sns", self._asking_the_topic)

    def _noting_problems(self, original: Callable[..., None]) -> Callable[..., ErrorCode | None]:
        """Return why a target did not get an event. Of a rule's, it is dealt with; a schedule's seam does."""

        def invoke_target(
            target: Any, event: Any, rule: dict[str, Any], view: Any = None
        ) -> ErrorCode | None:
            delivery = Delivery(str(rule.get("Arn", "")))
            token = _delivery.set(delivery)
            try:
                original(target, event, rule, view)
            finally:
                _delivery.reset(token)
            if delivery.problem and delivery.is_a_rules:
                view = view or self._eventbridge._pattern_event_view(event)
                self._not_delivered(rule, target, delivery.problem, json.dumps(view.event_with_detail()))
            return delivery.problem

        return invoke_target

    def _deliver(self, arn: str, payload: str) -> None:
        func, config, _name = self._lambda._get_func_record_for_ref(arn)
        if self._may_deliver(arn, self._may_invoke, is_there=bool(func and config)):
            record = self._lambda._execution_record_for_config(func, config)
            self._lambda.invoke_async_with_retry(record, json.loads(payload))

    def _asking_the_queue(self, original: Callable[..., None]) -> Callable[..., None]:
        def dispatch(spec: Any, payload: str, parameters: Any = None) -> None:
            is_there = self._sqs._queue_by_arn(str(spec)) is not None
            if self._may_deliver(str(spec), self._may_send, is_there=is_there):
                original(spec, payload, parameters)

        return dispatch

    def _asking_the_topic(self, original: Callable[..., None]) -> Callable[..., None]:
        def dispatch(arn: str, payload: str) -> None:
            is_there = self._sns._topic_by_arn_any_scope(arn) is not None
            if self._may_deliver(arn, self._may_publish, is_there=is_there):
                original(arn, payload)

        return dispatch

    def _may_deliver(self, arn: str, is_permitted: Callable[[str, str], bool], *, is_there: bool) -> bool:
        delivery = _delivery.get()
        if not is_there:
            delivery.problem = ErrorCode.NO_RESOURCE
        elif delivery.is_a_rules and not is_permitted(arn, delivery.source):
            delivery.problem = ErrorCode.NO_PERMISSIONS
        return delivery.problem is None

    def _may_invoke(self, arn: str, source: str) -> bool:
        return may_invoke(PRINCIPAL, arn, source, region=self._responses.get_region())

    def _may_send(self, arn: str, source: str) -> bool:
        account = self._responses.get_account_id()
        return bool(self._sqs.queue_policy_allows(arn, PRINCIPAL, source, account))

    def _may_publish(self, arn: str, _source: str) -> bool:
        # EventBridge tells topics no source: a statement with a condition never lets it.
        return bool(self._sns.topic_policy_allows(arn, PRINCIPAL, "", ""))

    def _not_delivered(
        self, rule: Mapping[str, Any], target: Mapping[str, Any], code: ErrorCode, event: str
    ) -> None:
        """Send an event to the target's dead-letter queue, if there is one that permits it."""
        source, dimensions = str(rule["Arn"]), eventbridge_dead_letter.dimensions(rule)
        self._metrics.count(source, "FailedInvocations", **dimensions)
        queue = eventbridge_dead_letter.queue_of(target)
        if queue is None:
            logger.warning("%s can't deliver to %s (%s); event dropped.", source, target["Arn"], code)
        elif eventbridge_dead_letter.is_usable(queue, source) and self._may_send(queue, source):
            attributes = eventbridge_dead_letter.attributes(source, target["Arn"], code)
            dead_letter_queue.put(queue, event, attributes)
            self._metrics.count(source, "InvocationsSentToDlq", **dimensions)
        else:
            logger.warning(
                "%s can't deliver to %s (%s), nor to its dead-letter queue %s; event dropped.",
                source,
                target["Arn"],
                code,
                queue,
            )
            self._metrics.count(source, "InvocationsFailedToBeSentToDlq", **dimensions)
