"""Where a schedule of EventBridge Scheduler is made, and where it is due."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.ministack.service_roles import ServiceRoles
from labsupport.localcloud.rules import schedule
from labsupport.localcloud.rules.refusal import Refusal

logger = logging.getLogger(__name__)

Answer = Any
DELIVERED = "lab.delivered"
"""Stands in the record of a one-time schedule that was due."""
LOOKS_EVERY_SECONDS = 1
"""MiniStack looks for schedules that are due every ten seconds, which is long to wait for in a lesson."""


class SchedulerSeam:
    """EventBridge Scheduler's side of a schedule's role."""

    def __init__(self, *, role_delay_seconds: float = 0.0) -> None:
        """Take MiniStack's modules. A role younger than the delay can't be assumed yet."""
        import ministack.app
        from ministack.core import responses
        from ministack.services import eventbridge, scheduler

        self._app: Any = ministack.app
        self._eventbridge: Any = eventbridge
        self._responses: Any = responses
        self._scheduler: Any = scheduler
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
                    request = json.loads(body or b"{}")
                except ValueError:
                    request = {}
                role_arn = (request.get("Target") or {}).get("RoleArn")
                if role_arn and (refused := self._refused(request, role_arn, headers, query_params)):
                    return refused
            return await original(method, path, headers, body, query_params)

        return handle

    def _refused(self, request: Mapping[str, Any], role_arn: str, headers: Any, query_params: Any) -> Answer:
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
        refusal: Refusal | None = schedule.problem(request, self._is_expression)
        if refusal is None and not self._assumes(role_arn, request.get("GroupName", "default")):
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

    def _asking_the_role(self, original: Callable[..., None]) -> Callable[..., None]:
        """Deliver what is due if the schedule's role may. A rule has no group: it is EventBridge's."""

        def invoke_target(target: Any, event: Any, rule: dict[str, Any], view: Any = None) -> None:
            if "GroupName" not in rule:
                return original(target, event, rule, view)
            if rule["ScheduleExpression"].startswith("at(") and rule.get(DELIVERED):
                return None  # MiniStack forgets it when it stops
            rule[DELIVERED] = True
            if self._may_deliver(target, rule):
                return original(target, event, rule, view)
            return logger.warning("%s may not reach %s with its role.", rule.get("Arn"), target.get("Arn"))

        return invoke_target

    def _beginning_anew(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        """Forget when a schedule was due: another one of its name, or with another time, is due again."""

        def change(name: str, parameters: Mapping[str, Any]) -> Answer:
            group = parameters.get("GroupName") or parameters.get("groupName") or "default"
            account, region = self._responses.get_account_id(), self._responses.get_region()
            self._scheduler._schedule_last_fired.pop((account, region, f"{group}/{name}"), None)
            return original(name, parameters)

        return change

    def _may_deliver(self, target: Mapping[str, Any], due: Mapping[str, Any]) -> bool:
        role_arn, target_arn = target["RoleArn"], target["Arn"]
        action = schedule.action(target_arn)
        return (
            action is not None
            and self._assumes(role_arn, due["GroupName"])
            and self._roles.allows(role_arn, due["Name"], action, target_arn)
        )
