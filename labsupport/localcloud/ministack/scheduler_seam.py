"""Where a schedule of EventBridge Scheduler is made, and where it is due.

What its role can't deliver goes to the schedule's dead-letter queue, with the same role.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from labsupport.localcloud.delivery_metrics import DeliveryMetrics
from labsupport.localcloud.lambda_service.metrics import WriteMetric
from labsupport.localcloud.ministack import dead_letter_queue
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.ministack.service_roles import ServiceRoles
from labsupport.localcloud.rules import model_constraints, schedule, scheduler_dead_letter
from labsupport.localcloud.rules.eventbridge_dead_letter import ErrorCode
from labsupport.localcloud.rules.scheduler_dead_letter import TargetError
from labsupport.localcloud.service_api import ApiCall, ServiceApi

logger = logging.getLogger(__name__)

Answer = Any
DELIVERED = "lab.delivered"
"""Stands in the record of a one-time schedule that was due."""
LOOKS_EVERY_SECONDS = 1
"""MiniStack looks for schedules that are due every ten seconds, which is long to wait for in a lesson."""


class SchedulerSeam:
    """EventBridge Scheduler's side of a schedule's role."""

    def __init__(self, write_metric: WriteMetric, *, role_delay_seconds: float = 0.0) -> None:
        """Take MiniStack's modules. A role younger than the delay can't be assumed yet."""
        import ministack.app
        from ministack.core import responses
        from ministack.services import eventbridge, scheduler, sqs

        self._app: Any = ministack.app
        self._eventbridge: Any = eventbridge
        self._responses: Any = responses
        self._scheduler: Any = scheduler
        self._sqs: Any = sqs
        self._api = ServiceApi("scheduler")
        self._metrics = DeliveryMetrics("AWS/Scheduler", write_metric)
        self._roles = ServiceRoles()
        self._role_delay_seconds = role_delay_seconds

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        replace(self._scheduler, "handle_request", self._checking)
        replace(self._eventbridge, "_invoke_target", self._asking_the_role)
        for name in ("_create_schedule", "_update_schedule", "_delete_schedule"):
            replace(self._scheduler, name, self._beginning_anew)
        self._scheduler._SCHEDULE_TICK_INTERVAL = LOOKS_EVERY_SECONDS

    def _checking(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        """Check the role of a new schedule, and of one that is changed."""

        async def handle(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Answer:
            if method in ("POST", "PUT") and path.startswith("/schedules/"):
                try:
                    call = self._api.read(method, path, headers, query_params, body)
                except ValueError:
                    call = None
                role_arn = (call.parameters.get("Target") or {}).get("RoleArn") if call else None
                if call and role_arn and (refused := self._refused(call, role_arn, headers, query_params)):
                    return refused
            return await original(method, path, headers, body, query_params)

        return handle

    def _refused(self, call: ApiCall, role_arn: str, headers: Any, query_params: Any) -> Answer:
        refusal = model_constraints.refusal(call.operation.input_shape, call.parameters)
        if refusal is None:
            denied = self._app._enforce_data_plane(
                "scheduler",
                "iam:PassRole",
                headers,
                query_params,
                "",
                resource_arn=role_arn,
                service_context=schedule.PASSED_TO,
                named_resource=role_arn,
            )
            if denied:
                return denied
            refusal = schedule.problem(call.parameters, self._is_expression)
        if refusal is None and not self._assumes(role_arn, call.parameters.get("GroupName", "default")):
            refusal = schedule.not_assumed()
        return refusal and self._scheduler._error(refusal.status, refusal.code, refusal.message)

    def _is_expression(self, expression: str) -> bool:
        readers = (
            self._scheduler._at_time_epoch,
            self._eventbridge._parse_rate_seconds,
            self._eventbridge._parse_cron_fields,
        )
        return any(read(expression) is not None for read in readers)

    def _assumes(self, role_arn: str, group: str) -> bool:
        role = self._roles.role(role_arn)
        if role is None or self._roles.age_seconds(role) < self._role_delay_seconds:
            return False
        context = schedule.trust_context(
            self._responses.get_account_id(), self._responses.get_region(), group
        )
        return self._roles.trusts(role["AssumeRolePolicyDocument"], schedule.PRINCIPAL, context)

    def _asking_the_role(self, original: Callable[..., ErrorCode | None]) -> Callable[..., ErrorCode | None]:
        """Deliver what is due if the schedule's role may. A rule has no group: it is EventBridge's."""

        def invoke_target(
            target: Any, event: Any, rule: dict[str, Any], view: Any = None
        ) -> ErrorCode | None:
            if "GroupName" not in rule:
                return original(target, event, rule, view)
            if rule["ScheduleExpression"].startswith("at(") and rule.get(DELIVERED):
                return None  # MiniStack forgets it when it stops
            rule[DELIVERED] = True
            self._count(rule, "InvocationAttemptCount")
            error = self._denial(target, rule)
            if error is None and original(target, event, rule, view) == ErrorCode.NO_RESOURCE:
                error = scheduler_dead_letter.gone(target["Arn"])
            if error:
                self._not_delivered(rule, target, error, event["Time"])
            return None

        return invoke_target

    def _beginning_anew(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        """Forget when a schedule was due: another one of its name, or with another time, is due again."""

        def change(name: str, parameters: Mapping[str, Any]) -> Answer:
            group = parameters.get("GroupName") or parameters.get("groupName") or "default"
            account, region = self._responses.get_account_id(), self._responses.get_region()
            self._scheduler._schedule_last_fired.pop((account, region, f"{group}/{name}"), None)
            return original(name, parameters)

        return change

    def _denial(self, target: Mapping[str, Any], due: Mapping[str, Any]) -> TargetError | None:
        """Return why a schedule's role may not reach the target, or None."""
        role_arn, target_arn = target["RoleArn"], target["Arn"]
        if not self._assumes(role_arn, due["GroupName"]):
            return scheduler_dead_letter.denied(target_arn, schedule.not_assumed().message)
        return self._refusal(role_arn, due["Name"], str(schedule.action(target_arn)), target_arn)

    def _refusal(self, role_arn: str, session: str, action: str, arn: str) -> TargetError | None:
        if self._roles.allows(role_arn, session, action, arn):
            return None
        by_the_resource = f"A resource-based policy denies {action} on {arn}"
        sentence = self._roles.denial(role_arn, session, action, arn) or by_the_resource
        return scheduler_dead_letter.denied(arn, sentence)

    def _not_delivered(
        self, due: Mapping[str, Any], target: Mapping[str, Any], error: TargetError, now: float
    ) -> None:
        """Send what could not be delivered to the dead-letter queue, if the schedule's role may."""
        self._count(due, "TargetErrorCount")
        logger.warning("%s can't reach %s: %s", due["Arn"], target["Arn"], error.message)
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue is None:
            return
        if refusal := self._queue_problem(target["RoleArn"], due, queue):
            logger.warning("%s can't reach its dead-letter queue: %s", due["Arn"], refusal.message)
            name = "InvocationsFailedToBeSentToDeadLetterCount"
            self._count(due, name)
            self._count(due, f"{name}_{refusal.code}")
            return
        at = self._scheduler._at_time_epoch(due["ScheduleExpression"])
        attributes = scheduler_dead_letter.attributes(
            due["Arn"], target["Arn"], error, due=at or now, execution_id=secrets.token_hex(8)
        )
        url = self._sqs._queue_url(target["Arn"].split(":")[5])
        dead_letter_queue.put(queue, scheduler_dead_letter.body(target, url), attributes)
        self._count(due, "InvocationsSentToDeadLetterCount")

    def _queue_problem(self, role_arn: str, due: Mapping[str, Any], queue: str) -> TargetError | None:
        if not self._assumes(role_arn, due["GroupName"]):
            return scheduler_dead_letter.denied(queue, schedule.not_assumed().message)
        if self._sqs._queue_by_arn(queue) is None:
            return scheduler_dead_letter.gone(queue)
        return self._refusal(role_arn, due["Name"], "sqs:SendMessage", queue)

    def _count(self, due: Mapping[str, Any], name: str) -> None:
        self._metrics.count(due["Arn"], name)
        self._metrics.count(due["Arn"], name, ScheduleGroup=due["GroupName"])
