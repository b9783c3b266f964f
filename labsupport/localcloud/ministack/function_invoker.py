"""Invoke functions synchronously for API Gateway, as far as possible from MiniStack's proxy code."""

from __future__ import annotations

from typing import Any

from labsupport.localcloud.api_gateway.lambda_integration import FunctionAnswer, LambdaIntegration, Outcome
from labsupport.localcloud.ministack.invoke_permission import api_gateway_may_invoke


class FunctionInvoker:
    """The functions of MiniStack's control plane, behind `LambdaIntegration`.

    Account and Region are those of the request under way: `handle_execute` has set them to the API's.
    """

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import concurrency, responses
        from ministack.services import lambda_svc

        self._concurrency: Any = concurrency
        self._responses: Any = responses
        self._lambda: Any = lambda_svc
        self.integration = LambdaIntegration(self._may_invoke, self._invoke)

    def _may_invoke(self, function_arn: str, source_arn: str) -> bool:
        return api_gateway_may_invoke(function_arn, source_arn, region=self._responses.get_region())

    async def _invoke(self, function_arn: str, event: Any) -> FunctionAnswer:
        func, config, _name = self._lambda._get_func_record_for_ref(function_arn)
        if func is None or config is None:
            return FunctionAnswer(Outcome.NOT_FOUND)
        record = self._lambda._execution_record_for_config(func, config)
        # A thread of its own for each: a function may call this server, and wait for its answer.
        result = await self._concurrency.run_reentrant(self._lambda._execute_function, record, event)
        if result.get("throttle"):
            return FunctionAnswer(Outcome.THROTTLED, result.get("body"))
        if result.get("error"):
            return FunctionAnswer(Outcome.FUNCTION_ERROR, result.get("body"))
        return FunctionAnswer(Outcome.ANSWERED, result.get("body"))
