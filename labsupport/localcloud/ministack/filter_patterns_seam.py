"""Where CloudWatch Logs takes a filter pattern, and asks whether a message matches it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.filter_patterns import InvalidPattern, read_pattern
from labsupport.localcloud.ministack.seams import replace

# MiniStack's functions that take a pattern, and the parameter that it comes with.
TAKEN_BY = {
    "_filter_log_events": "filterPattern",
    "_put_metric_filter": "filterPattern",
    "_put_subscription_filter": "filterPattern",
    "_start_live_tail": "logEventFilterPattern",
}


class FilterPatternsSeam:
    """The patterns of CloudWatch Logs."""

    def __init__(self) -> None:
        """Take MiniStack's module."""
        from ministack.services import cloudwatch_logs

        self._logs: Any = cloudwatch_logs

    def attach(self) -> None:
        """Stand before what takes a pattern, and in the place of what matches one."""
        for name, parameter in TAKEN_BY.items():
            replace(self._logs, name, functools.partial(self._refusing, parameter))
        replace(self._logs, "_compile_filter_pattern", lambda _original: lambda raw: read_pattern(raw or ""))
        replace(self._logs, "_subscription_pattern_matches", lambda _original: _matches)

    def _refusing(self, parameter: str, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def take(data: dict[str, Any]) -> Any:
            try:
                read_pattern(str(data.get(parameter) or ""))
            except InvalidPattern as problem:
                return self._logs.error_response_json("InvalidParameterException", str(problem), 400)
            return original(data)

        return take


def _matches(pattern: str | None, message: str | None) -> bool:
    return read_pattern(pattern or "")(message or "")
