"""Where new log events meet the filters of their log group: metric filters, and functions' subscriptions."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labsupport.localcloud.filter_patterns import InvalidPattern
from labsupport.localcloud.lambda_service.metrics import Series, WriteMetric
from labsupport.localcloud.ministack.invoke_permission import may_invoke
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import log_metrics, log_subscriptions

logger = logging.getLogger(__name__)

Event = Mapping[str, Any]


class LogFiltersSeam:
    """CloudWatch Logs' side of filters."""

    def __init__(self, write_metric: WriteMetric) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import cloudwatch_logs, lambda_svc

        self._lambda: Any = lambda_svc
        self._logs: Any = cloudwatch_logs
        self._responses: Any = responses
        self._write_metric = write_metric

    def attach(self) -> None:
        """Stand in the place of MiniStack's subscriptions, and before it takes one."""
        replace(self._logs, "_fanout_to_subscription_filters", lambda _original: self._new_events)
        replace(self._logs, "_put_subscription_filter", self._asking_the_function)

    def _new_events(self, group: str, stream: str, events: Sequence[Event]) -> None:
        metric_filters = [each for (of, _), each in list(self._logs._metric_filters.items()) if of == group]
        subscriptions = self._logs._log_groups[group].get("subscriptionFilters") or {}
        try:
            for metric_filter, event in itertools.product(metric_filters, events):
                self._count(metric_filter, event)
            for subscription in list(subscriptions.values()):
                self._deliver(subscription, group, stream, events)
        except InvalidPattern as problem:  # of a home that is older than the patterns' rules
            logger.warning("A filter of %s has no pattern that AWS would take: %s", group, problem)

    def _count(self, metric_filter: Mapping[str, Any], event: Event) -> None:
        account, region = self._responses.get_account_id(), self._responses.get_region()
        for point in log_metrics.data_points(metric_filter, event["message"]):
            series = Series(account, region, point.name, point.unit, point.dimensions, point.namespace)
            self._write_metric(series, point.value, event["timestamp"] / 1000)

    def _deliver(
        self, subscription: Mapping[str, Any], group: str, stream: str, events: Sequence[Event]
    ) -> None:
        arn = subscription["destinationArn"]
        func, config, name = self._lambda._get_func_record_for_ref(arn)
        if ":function:" not in arn or not config or group == f"/aws/lambda/{name}":
            return  # its own log would go round for ever
        invocation = log_subscriptions.invocation(
            subscription["filterName"],
            subscription["filterPattern"],
            events,
            account=self._responses.get_account_id(),
            group=group,
            stream=stream,
        )
        if invocation is None:
            return
        if not self._may_invoke(arn, group):
            logger.warning("CloudWatch Logs may not invoke %s for %s; events dropped.", arn, group)
            return
        function = self._lambda._execution_record_for_config(func, config)
        self._lambda.invoke_async_with_retry(function, invocation)

    def _asking_the_function(self, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def put(data: dict[str, Any]) -> Any:
            arn, group = str(data.get("destinationArn", "")), str(data.get("logGroupName", ""))
            if ":function:" in arn and group in self._logs._log_groups and not self._may_invoke(arn, group):
                refusal = log_subscriptions.not_permitted()
                return self._logs.error_response_json(refusal.code, refusal.message, refusal.status)
            return original(data)

        return put

    def _may_invoke(self, function_arn: str, group: str) -> bool:
        source = self._logs._make_group_arn(group)
        region = self._responses.get_region()
        return may_invoke(log_subscriptions.PRINCIPAL, function_arn, source, region=region)
