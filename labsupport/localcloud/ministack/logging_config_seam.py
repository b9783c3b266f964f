"""Ask the rule when a function's LoggingConfig is set, and keep what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import lambda_logging

Answer = Any


class LoggingConfigSeam:
    """Lambda's control plane, where it takes a LoggingConfig."""

    def __init__(self) -> None:
        """Take MiniStack's module."""
        from ministack.services import lambda_svc

        self._lambda: Any = lambda_svc

    def attach(self) -> None:
        """Stand before MiniStack's handlers."""
        replace(self._lambda, "_create_function", self._creating)
        replace(self._lambda, "_update_config", self._updating)

    def _creating(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def create(data: dict[str, Any]) -> Answer:
            return self._settled(data, data.get("FunctionName", ""), {}, original)

        return create

    def _updating(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def update(name: str, data: dict[str, Any]) -> Answer:
            function = self._lambda._functions.get(name) or {}
            current = (function.get("config") or {}).get("LoggingConfig") or {}
            return self._settled(data, name, current, lambda settled: original(name, settled))

        return update

    def _settled(
        self,
        data: dict[str, Any],
        name: str,
        current: dict[str, str],
        go_on: Callable[[dict[str, Any]], Answer],
    ) -> Answer:
        requested = data.get("LoggingConfig")
        if requested is None:
            return go_on(data)
        message = lambda_logging.problem(requested, current)
        if message:
            return self._lambda.error_response_json("InvalidParameterValueException", message, 400)
        return go_on({**data, "LoggingConfig": lambda_logging.after(requested, current, name)})
