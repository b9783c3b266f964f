"""Usage plans: what a request takes of a quota, and what GetUsage tells of it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.api_gateway.rest import usage_plan_patch
from labsupport.localcloud.api_gateway.rest.usage_ledger import UsageLedger
from labsupport.localcloud.ministack.seams import replace

Answer = Any


class RestUsageSeam:
    """Usage plans, in front of MiniStack's."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.services import apigateway_v1

        self._v1: Any = apigateway_v1
        self.ledger = UsageLedger()

    def attach(self) -> None:
        """Stand before MiniStack's functions."""
        replace(self._v1, "_check_quota", lambda _original: self._check_quota)
        replace(self._v1, "_create_usage_plan", self._creating)
        replace(self._v1, "_update_usage_plan", lambda _original: self._update)
        replace(self._v1, "_create_usage_plan_key", self._adding_key)

    def usage(self, plan_id: str, query: dict[str, Any]) -> Answer:
        """Answer GetUsage."""
        plan = self._v1._usage_plans.get(plan_id)
        if plan is None:
            return self._no_plan()
        try:
            first, last = (
                datetime.date.fromisoformat(_first(query, name)) for name in ("startDate", "endDate")
            )
        except ValueError:
            return self._v1._v1_error(
                "BadRequestException", "Usage dates must be of the form yyyy-MM-dd", 400
            )
        if last < first:
            return self._v1._v1_error("BadRequestException", "Usage end date must be after start date", 400)
        wanted = _first(query, "keyId")
        keys = [wanted] if wanted else list(self._v1._usage_plan_keys.get(plan_id, {}))
        days = {key: self.ledger.days(plan_id, key, plan.get("quota") or {}, first, last) for key in keys}
        return self._v1._v1_response(
            {"usagePlanId": plan_id, "startDate": str(first), "endDate": str(last), "values": days}
        )

    def update_usage(self, plan_id: str, key_id: str, data: dict[str, Any]) -> Answer:
        """Answer UpdateUsage: what is left of this period's quota."""
        plan = self._v1._usage_plans.get(plan_id)
        if plan is None or key_id not in self._v1._usage_plan_keys.get(plan_id, {}):
            return self._no_plan()
        quota = plan.get("quota") or {}
        for patch in data.get("patchOperations", []):
            if patch.get("path") != "/remaining" or not str(patch.get("value", "")).isdigit():
                return self._v1._v1_error(
                    "BadRequestException", f"Invalid patch path {patch.get('path')}", 400
                )
            self.ledger.give(plan_id, key_id, quota, int(patch["value"]))
        today = str(datetime.datetime.now(datetime.UTC).date())
        return self.usage(plan_id, {"startDate": today, "endDate": today, "keyId": key_id})

    # What MiniStack's functions are wrapped in

    def _check_quota(self, key: dict[str, Any] | None, api_id: str, stage_name: str) -> Any:
        for plan_id, plan, _stage in (
            self._v1._usage_plans_for_key(key["id"], api_id, stage_name) if key else ()
        ):
            if not self.ledger.take(plan_id, key["id"] if key else "", plan.get("quota") or {}):
                return self._v1._GatewayError("QUOTA_EXCEEDED", "Limit Exceeded", "LimitExceededException")
        return None

    def _creating(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def create(data: dict[str, Any]) -> Answer:
            return self._unknown_stage(data.get("apiStages") or []) or original(data)

        return create

    def _update(self, plan_id: str, data: dict[str, Any]) -> Answer:
        plan = self._v1._usage_plans.get(plan_id)
        if plan is None:
            return self._no_plan()
        try:
            changed = usage_plan_patch.apply(plan, data.get("patchOperations", []))
        except usage_plan_patch.PatchError as error:
            return self._v1._v1_error("BadRequestException", str(error), 400)
        if refused := self._unknown_stage(changed.get("apiStages") or []):
            return refused
        self._v1._usage_plans[plan_id] = changed
        return self._v1._v1_response(changed)

    def _adding_key(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def add(plan_id: str, data: dict[str, Any]) -> Answer:
            if data.get("keyId") not in self._v1._api_keys:
                return self._v1._v1_error("NotFoundException", "Invalid API Key identifier specified", 404)
            return original(plan_id, data)

        return add

    def _unknown_stage(self, stages: list[dict[str, Any]]) -> Answer | None:
        for one in stages:
            if one.get("stage") not in self._v1._stages_v1.get(one.get("apiId"), {}):
                message = f"API Stage not found: {one.get('apiId')}:{one.get('stage')}"
                return self._v1._v1_error("NotFoundException", message, 404)
        return None

    def _no_plan(self) -> Answer:
        return self._v1._v1_error("NotFoundException", "Invalid Usage Plan identifier specified", 404)


def _first(query: dict[str, Any], name: str) -> str:
    value = query.get(name) or ""
    return str(value[0] if isinstance(value, list) else value)
