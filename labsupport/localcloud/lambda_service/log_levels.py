"""Log levels: which one a line of a function's output has, and whether it is wanted.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from labsupport.localcloud.lambda_service.function import LogEvent

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
PYTHON_NAMES = {"WARNING": "WARN", "CRITICAL": "FATAL"}
# Output without a level, and JSON whose level or time is missing or wrong.
ASSUMED = "INFO"
TIME_KEYS = ("timestamp", "time")
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def at_least(level: str, threshold: str) -> bool:
    """Tell whether a level is as severe as the threshold, or more."""
    return LEVELS.index(level) >= LEVELS.index(threshold)


def output_level(event: LogEvent) -> str:
    """Return the level of what a function has written: the runtime client's word, or its own JSON's."""
    if event.level is not None:
        return event.level
    if not event.message.startswith("{"):
        return ASSUMED
    try:
        record = json.loads(event.message)
    except ValueError:
        return ASSUMED
    return _record_level(record)


def _record_level(record: Any) -> str:
    if not isinstance(record, dict):
        return ASSUMED
    name = str(record.get("level", "")).upper()
    level = PYTHON_NAMES.get(name, name)
    has_time = any(RFC_3339.fullmatch(str(record.get(key))) for key in TIME_KEYS)
    return level if level in LEVELS and has_time else ASSUMED
