"""Where SNS hands a message to a function or a queue: only with permission, or else to a dead-letter queue.

A function gets it asynchronously, with retries. What fails because the endpoint is gone or doesn't permit SNS
is an error of the client: SNS doesn't try again.

https://docs.aws.amazon.com/sns/latest/dg/lambda-permissions.html
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from labsupport.localcloud.delivery_metrics import DeliveryMetrics
from labsupport.localcloud.lambda_service.metrics import WriteMetric
from labsupport.localcloud.ministack.invoke_permission import may_invoke
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import sns_redrive_policy

logger = logging.getLogger(__name__)

PRINCIPAL = "sns.amazonaws.com"
Answer = Any
Send = Callable[[str], object]
"""Puts the message into the queue of an ARN."""


class SnsSeam:
    """SNS's side of a subscription whose endpoint is a function or a queue."""

    def __init__(self, write_metric: WriteMetric) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import lambda_svc, sns, sqs

        self._lambda: Any = lambda_svc
        self._responses: Any = responses
        self._sns: Any = sns
        self._sqs: Any = sqs
        self._metrics = DeliveryMetrics("AWS/SNS", write_metric)
        self._send_to_queue: Callable[..., None] = sns._deliver_to_sqs

    def attach(self) -> None:
        """Stand in the place of MiniStack's delivery, and before what sets a redrive policy."""
        replace(self._sns, "_deliver_to_lambda", lambda _original: self._deliver_to_function)
        replace(self._sns, "_deliver_to_sqs", lambda _original: self._deliver_to_queue)
        replace(self._sns, "_subscribe", self._checking_a_subscription)
        replace(self._sns, "_set_subscription_attributes", self._checking_an_attribute)

    def _deliver_to_function(
        self, endpoint: str, envelope: str, topic_arn: str, subscription_arn: str, *message: Any
    ) -> None:
        func, config, _name = self._lambda._get_func_record_for_ref(endpoint)
        region = self._responses.get_region()
        if not (func and config and may_invoke(PRINCIPAL, endpoint, topic_arn, region=region)):
            _message_id, text, attributes = message
            more = {"message_attributes": attributes, "topic_arn": topic_arn}
            self._not_delivered(
                "lambda",
                endpoint,
                topic_arn,
                lambda queue: self._send_to_queue(queue, envelope, False, text, **more),
            )
            return
        record = {
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription_arn,
            "EventSource": "aws:sns",
            "Sns": json.loads(envelope),
        }
        function = self._lambda._execution_record_for_config(func, config)
        self._lambda.invoke_async_with_retry(function, {"Records": [record]})

    def _deliver_to_queue(self, endpoint: str, *message: Any, topic_arn: str, **more: Any) -> None:
        def send(queue_arn: str) -> None:
            self._send_to_queue(queue_arn, *message, topic_arn=topic_arn, **more)

        if self._may_send(endpoint, topic_arn):
            send(endpoint)
        else:
            self._not_delivered("sqs", endpoint, topic_arn, send)

    def _not_delivered(self, protocol: str, endpoint: str, topic_arn: str, send: Send) -> None:
        """Send a message to the subscription's dead-letter queue, if there is one that permits it."""
        count = functools.partial(self._metrics.count, topic_arn, TopicName=topic_arn.split(":")[5])
        count("NumberOfNotificationsFailed")
        queue = sns_redrive_policy.dead_letter_queue(self._redrive_policy(protocol, endpoint, topic_arn))
        if queue is None:
            logger.warning("SNS may not deliver to %s for %s; message dropped.", endpoint, topic_arn)
        elif self._may_send(queue, topic_arn):
            send(queue)
            count("NumberOfNotificationsRedrivenToDlq")
        else:
            logger.warning(
                "SNS may deliver neither to %s nor to %s for %s; message dropped.", endpoint, queue, topic_arn
            )
            count("NumberOfNotificationsFailedToRedriveToDlq")

    def _may_send(self, queue_arn: str, topic_arn: str) -> bool:
        """Tell whether there is a queue that lets SNS send for a topic."""
        account = topic_arn.split(":")[4]
        return bool(self._sqs.queue_policy_allows(queue_arn, PRINCIPAL, topic_arn, account))

    def _redrive_policy(self, protocol: str, endpoint: str, topic_arn: str) -> str:
        """Return that of a subscription. A topic has one at most for an endpoint."""
        topic = self._sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
        return next(
            (
                str(each["attributes"].get("RedrivePolicy", ""))
                for each in topic["subscriptions"]
                if (each["protocol"], each["endpoint"]) == (protocol, endpoint)
            ),
            "",
        )

    # What MiniStack's functions are wrapped in

    def _checking_a_subscription(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def subscribe(parameters: Mapping[str, Any]) -> Answer:
            policy = dict(self._attributes(parameters)).get("RedrivePolicy", "")
            topic_arn, endpoint = (self._sns._p(parameters, name) for name in ("TopicArn", "Endpoint"))
            if problem := sns_redrive_policy.problem(policy, topic_arn, endpoint):
                return self._invalid(f"Attributes Reason: RedrivePolicy: {problem}")
            return original(parameters)

        return subscribe

    def _checking_an_attribute(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def set_attribute(parameters: Mapping[str, Any]) -> Answer:
            arn, name, value = (
                self._sns._p(parameters, each)
                for each in ("SubscriptionArn", "AttributeName", "AttributeValue")
            )
            topic_arn = self._sns._sub_arn_to_topic.get(arn)
            if topic_arn and name == "RedrivePolicy":
                endpoint = (self._sns._find_subscription(topic_arn, arn) or {}).get("endpoint", "")
                if problem := sns_redrive_policy.problem(value, topic_arn, endpoint):
                    return self._invalid(f"RedrivePolicy: {problem}")
            return original(parameters)

        return set_attribute

    def _attributes(self, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        number = 1
        while name := self._sns._p(parameters, f"Attributes.entry.{number}.key"):
            yield name, self._sns._p(parameters, f"Attributes.entry.{number}.value")
            number += 1

    def _invalid(self, problem: str) -> Answer:
        return self._sns._error("InvalidParameter", f"Invalid parameter: {problem}", 400)
