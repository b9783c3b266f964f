"""How a local cloud behaves where the learner may choose: read from the environment when it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labsupport.localcloud.lambda_service.asynchronous import AWS_RETRY_SECONDS, LAB_RETRY_SECONDS
from labsupport.localcloud.lambda_service.service import IDLE_SECONDS


@dataclass(frozen=True)
class CloudOptions:
    """What the variables of the environment say.

    Attributes:
        idle_seconds: how long an execution environment may be idle.
        retry_seconds: how long Lambda waits before each retry of an asynchronous event.
        role_delay_seconds: how long nobody but IAM knows of a new role.
    """

    idle_seconds: float = IDLE_SECONDS
    retry_seconds: tuple[float, ...] = LAB_RETRY_SECONDS
    role_delay_seconds: float = 0.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> CloudOptions:
        """Read the variables.

        Raises:
            ValueError: one of them can't be used; the message says which, and what it must be.
        """
        idle_seconds = _seconds(environ, "LAB_IDLE_SECONDS", IDLE_SECONDS)
        if not idle_seconds:
            raise _unusable(environ, "LAB_IDLE_SECONDS")
        return cls(
            idle_seconds=idle_seconds,
            retry_seconds=AWS_RETRY_SECONDS
            if environ.get("LAB_RETRY_INTERVALS") == "aws"
            else LAB_RETRY_SECONDS,
            role_delay_seconds=_seconds(environ, "LAB_ROLE_DELAY_SECONDS", 0.0),
        )


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    try:
        seconds = float(environ.get(name) or default)
    except ValueError:
        raise _unusable(environ, name) from None
    if not 0 <= seconds < float("inf"):
        raise _unusable(environ, name)
    return seconds


def _unusable(environ: Mapping[str, str], name: str) -> ValueError:
    return ValueError(f"{name} is {environ[name]!r}. It must be a number of seconds, such as 5.")
