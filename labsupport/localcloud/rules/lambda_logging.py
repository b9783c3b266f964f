"""A function's LoggingConfig: what a request makes of it, and when Lambda refuses it.

Log levels go with the log format JSON only; both are INFO when nobody says otherwise. A request that names
only some members leaves the others as they were.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
"""

from __future__ import annotations

from collections.abc import Mapping

LEVELS = ("ApplicationLogLevel", "SystemLogLevel")


def problem(requested: Mapping[str, str], current: Mapping[str, str]) -> str | None:
    """Return the message of AWS's InvalidParameterValueException, or None.

    Args:
        requested: the request's LoggingConfig.
        current: the function's; {} for a new one.
    """
    log_format = requested.get("LogFormat") or current.get("LogFormat") or "Text"
    if log_format == "JSON" or not any(requested.get(level) for level in LEVELS):
        return None
    return (
        'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or '
        'change the LogFormat to "JSON" and try again.'
    )


def after(requested: Mapping[str, str], current: Mapping[str, str], function_name: str) -> dict[str, str]:
    """Return the LoggingConfig that a function has after a request."""
    config = {
        "LogFormat": "Text",
        **dict.fromkeys(LEVELS, "INFO"),
        "LogGroup": f"/aws/lambda/{function_name}",
        **current,
        **requested,
    }
    if config["LogFormat"] == "JSON":
        return config
    return {name: value for name, value in config.items() if name not in LEVELS}
