"""Where concurrency is configured: reservations, provisioned concurrency, and weighted aliases."""

from __future__ import annotations

import contextvars
import random
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.lambda_service.function import Function
from labsupport.localcloud.lambda_service.provisioned import Provision
from labsupport.localcloud.lambda_service.service import LambdaService
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import lambda_concurrency

Answer = Any
# The version that a weighted alias came to, for the header of Invoke's answer.
_executed_versions: contextvars.ContextVar[list[str]] = contextvars.ContextVar("executed_versions")
Key = tuple[str, str]  # the function's ARN, and the alias or version


class ConcurrencySeam:
    """Concurrency as MiniStack stores it, with environments behind it."""

    def __init__(
        self, service: LambdaService, function_from: Callable[[dict[str, Any], dict[str, Any]], Function]
    ) -> None:
        """Provision with `service`; `function_from` takes MiniStack's record and configuration."""
        from ministack.core import responses
        from ministack.services import lambda_svc

        self._lambda: Any = lambda_svc
        self._responses: Any = responses
        self._service, self._function_from = service, function_from
        self._provisions: dict[Key, Provision] = {}

    def attach(self) -> None:
        """Stand before MiniStack's handlers."""
        replace(self._lambda, "_invoke", self._telling_version)
        replace(self._lambda, "_throttle_response", self._in_awss_words)
        replace(self._lambda, "_reserved_concurrency", self._shared_by_versions)
        replace(self._lambda, "_put_function_concurrency", self._reserving)
        replace(self._lambda, "_put_provisioned_concurrency", self._provisioning)
        replace(self._lambda, "_get_provisioned_concurrency", self._showing)
        replace(self._lambda, "_delete_provisioned_concurrency", self._giving_up)

    def resume(self) -> None:
        """Provision again what was provisioned before the cloud stopped."""
        for (account, region, name), func in self._lambda._functions.all_items():
            self._responses._request_account_id.set(account)
            self._responses._request_region.set(region)
            for qualifier, stored in (func.get("provisioned_concurrency") or {}).items():
                self._provision(name, qualifier, stored["RequestedProvisionedConcurrentExecutions"])

    def forget(self, name: str) -> None:
        """Give up what a deleted function had."""
        if name not in self._lambda._functions:
            for key in [key for key in self._provisions if key[0] == self._lambda._func_arn(name)]:
                self._service.release(self._provisions.pop(key))

    def provisioned(self, function: Function) -> int:
        """Return how much a version has provisioned; an environment beyond it is a spillover."""
        wanted = (function.arn, function.version)
        return sum(
            each.requested
            for each in list(self._provisions.values())
            if (each.function.arn, each.function.version) == wanted
        )

    def is_reserved(self, function: Function) -> bool:
        """Tell whether a function has reserved concurrency."""
        return (self._lambda._functions.get(function.name) or {}).get("concurrency") is not None

    def is_stopped(self, name: str) -> bool:
        """Tell whether a reservation of 0 keeps a function from running."""
        return bool((self._lambda._functions.get(name) or {}).get("concurrency") == 0)

    def routed(self, func: dict[str, Any], config: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the record and the configuration that serve: an alias may point at two versions."""
        base = self._lambda._functions.get(config["FunctionName"])
        qualifier = (config["FunctionArn"].split(":")[7:] or [None])[0]
        alias = ((base or {}).get("aliases") or {}).get(qualifier) or {}
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
        if not weights:
            return func, config
        version = lambda_concurrency.choose_version(alias["FunctionVersion"], weights, random.random())
        record, chosen = self._lambda._effective_func_record_for_qualifier(base, version)
        _executed_versions.get([]).append(version)
        return record, {**chosen, "FunctionArn": config["FunctionArn"]}

    # What MiniStack's handlers are wrapped in

    def _telling_version(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def invoke(*arguments: Any, **named: Any) -> Answer:
            executed: list[str] = []
            _executed_versions.set(executed)
            status, headers, body = await original(*arguments, **named)
            if executed:
                headers = {**headers, "X-Amz-Executed-Version": executed[-1]}
            return status, headers, body

        return invoke

    def _in_awss_words(self, original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def response(reason_code: str, msg: str, retry_after: int = 1) -> dict[str, Any]:
            return original(reason_code, "Rate Exceeded.", retry_after)  # which limit says the Reason

        return response

    def _shared_by_versions(self, original: Callable[..., int | None]) -> Callable[..., int | None]:
        def reserved(func: dict[str, Any], config: dict[str, Any]) -> int | None:
            # A version's record knows no reservation: it is the function's, for all of its versions.
            return original(self._lambda._functions.get(config.get("FunctionName")) or func, config)

        return reserved

    def _reserving(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def put(func_name: str, data: dict[str, Any]) -> Answer:
            requested = data["ReservedConcurrentExecutions"]
            problem = lambda_concurrency.reservation_problem(
                requested,
                elsewhere=self._reserved_elsewhere(func_name),
                provisioned=self._provisioned_of(func_name),
                account_limit=self._lambda._ACCOUNT_CONCURRENCY_CAP,
            )
            return self._refused(problem) if problem else original(func_name, data)

        return put

    def _provisioning(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def put(func_name: str, qualifier: str, data: dict[str, Any]) -> Answer:
            requested = data["ProvisionedConcurrentExecutions"]
            problem = self._provision_problem(func_name, qualifier, requested)
            if problem:
                return self._refused(problem)
            status, headers, body = original(func_name, qualifier, data)
            if status != 202:
                return status, headers, body
            self._provision(func_name, qualifier, requested)
            return self._lambda.json_response(self._state(func_name, qualifier), 202)

        return put

    def _showing(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def get(func_name: str, qualifier: str) -> Answer:
            if not qualifier and func_name in self._lambda._functions:  # ListProvisionedConcurrencyConfigs
                stored = self._lambda._functions[func_name].get("provisioned_concurrency") or {}
                arn = self._lambda._func_arn(func_name)
                configs = [
                    {"FunctionArn": f"{arn}:{each}", **self._state(func_name, each)} for each in stored
                ]
                return self._lambda.json_response({"ProvisionedConcurrencyConfigs": configs})
            status, headers, body = original(func_name, qualifier)
            if status != 200:
                return status, headers, body
            return self._lambda.json_response(self._state(func_name, qualifier))

        return get

    def _giving_up(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def delete(func_name: str, qualifier: str) -> Answer:
            provision = self._provisions.pop((self._lambda._func_arn(func_name), qualifier), None)
            if provision is not None:
                self._service.release(provision)
            return original(func_name, qualifier)

        return delete

    # Questions

    def _provision_problem(self, func_name: str, qualifier: str, requested: int) -> str | None:
        func = self._lambda._functions.get(func_name)
        if func is None:
            return None  # MiniStack says so
        if qualifier in (None, "", "$LATEST"):
            return "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        alias = (func.get("aliases") or {}).get(qualifier)
        others = {key: each for key, each in func["provisioned_concurrency"].items() if key != qualifier}
        if alias and alias["FunctionVersion"] in others:
            return (
                "Alias can't be used for Provisioned Concurrency configuration on an already "
                "Provisioned version"
            )
        if any((func["aliases"].get(other) or {}).get("FunctionVersion") == qualifier for other in others):
            return "Version is pointed by a Provisioned Concurrency alias"
        reserved = func.get("concurrency")
        limit = self._lambda._ACCOUNT_CONCURRENCY_CAP
        return lambda_concurrency.provision_problem(
            requested,
            elsewhere=sum(each["RequestedProvisionedConcurrentExecutions"] for each in others.values()),
            reserved=reserved,
            unreserved=limit - self._reserved_elsewhere(func_name) - (reserved or 0),
        )

    def _reserved_elsewhere(self, func_name: str) -> int:
        functions = self._lambda._functions
        return sum(functions[name].get("concurrency") or 0 for name in functions if name != func_name)

    def _provisioned_of(self, func_name: str) -> int:
        stored = (self._lambda._functions.get(func_name) or {}).get("provisioned_concurrency") or {}
        return sum(each["RequestedProvisionedConcurrentExecutions"] for each in stored.values())

    # Environments

    def _provision(self, func_name: str, qualifier: str, requested: int) -> None:
        func = self._lambda._functions[func_name]
        record, config = self._lambda._effective_func_record_for_qualifier(func, qualifier)
        arn = self._lambda._func_arn(func_name)
        function = self._function_from(record, {**config, "FunctionArn": f"{arn}:{qualifier}"})
        before = self._provisions.pop((arn, qualifier), None)
        if before is not None:
            self._service.release(before)
        self._provisions[arn, qualifier] = self._service.provision(function, requested)

    def _state(self, func_name: str, qualifier: str) -> dict[str, Any]:
        stored = self._lambda._functions[func_name]["provisioned_concurrency"][qualifier]
        provision = self._provisions[self._lambda._func_arn(func_name), qualifier]
        state = {
            "RequestedProvisionedConcurrentExecutions": provision.requested,
            "AvailableProvisionedConcurrentExecutions": provision.allocated,
            "AllocatedProvisionedConcurrentExecutions": provision.allocated,
            "Status": provision.status,
            "LastModified": stored["LastModified"],
        }
        return state | ({"StatusReason": provision.reason} if provision.reason else {})

    def _refused(self, message: str) -> Answer:
        return self._lambda.error_response_json("InvalidParameterValueException", message, 400)
