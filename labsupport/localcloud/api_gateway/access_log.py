"""Access logs: one event for each request, in the format that the stage's settings give.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-access-logging.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

MISSING = "-"
_VARIABLE = re.compile(r"\$context((?:\.\w+)+)")


class LogGroup(NamedTuple):
    """A log group, as an ARN names it."""

    account: str
    region: str
    name: str


# Append one message to a log group's stream.
WriteEvent = Callable[[LogGroup, str, str], None]


def log_group(arn: str) -> LogGroup | None:
    """Return the group of an ARN ("arn:aws:logs:region:account:log-group:name", with or without ":*")."""
    parts = arn.removesuffix(":*").split(":", 6)
    if len(parts) != 7 or parts[2] != "logs" or parts[5] != "log-group":
        return None
    return LogGroup(parts[4], parts[3], parts[6])


def render(format_: str, variables: Mapping[str, Any]) -> str:
    """Put the variables into a format such as `$context.requestId $context.status`.

    Args:
        format_: CLF, JSON, XML or CSV: it is only text here.
        variables: by name without "$context.", such as "identity.sourceIp". What isn't there, or None, or
            empty is "-".
    """

    def value(match: re.Match[str]) -> str:
        found = variables.get(match.group(1)[1:])
        return MISSING if found is None or found == "" else str(found)

    return _VARIABLE.sub(value, format_)


def write(
    settings: Mapping[str, str],
    variables: Mapping[str, Any],
    write_event: WriteEvent,
    *,
    api_id: str,
    stage: str,
) -> None:
    """Write a request's event, if the stage's settings ask for it.

    Args:
        settings: the stage's {"destinationArn", "format"}, or empty.
        variables: see `render`.
        write_event: appends to a log group; it drops what is for a group that isn't there.
        api_id: the API.
        stage: its stage. Both choose the log stream.
    """
    group = log_group(settings.get("destinationArn") or "")
    if group is not None and settings.get("format"):
        write_event(group, stream_name(api_id, stage), render(settings["format"], variables))


def stream_name(api_id: str, stage: str) -> str:
    """Return the log stream of a stage: 32 hexadecimal digits, as API Gateway's streams are called."""
    return hashlib.md5(f"{api_id}/{stage}".encode(), usedforsecurity=False).hexdigest()
