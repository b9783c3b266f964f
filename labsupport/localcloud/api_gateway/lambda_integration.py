"""Lambda integrations: ask whether the API may invoke the function, invoke it, wait no longer than allowed.

What the client gets for each outcome is for the kind of API to say.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
"""

from __future__ import annotations

import asyncio
import enum
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")


class Outcome(enum.Enum):
    """What became of an invocation."""

    ANSWERED = enum.auto()
    FUNCTION_ERROR = enum.auto()
    NOT_PERMITTED = enum.auto()
    NOT_FOUND = enum.auto()
    THROTTLED = enum.auto()
    TIMED_OUT = enum.auto()


@dataclass(frozen=True)
class FunctionAnswer:
    """What an integration got from its function.

    Attributes:
        outcome: what became of it. Only ANSWERED has an answer of the handler.
        payload: the handler's answer, JSON read; the error's object after FUNCTION_ERROR; else None.
        milliseconds: how long it took.
    """

    outcome: Outcome
    payload: Any = None
    milliseconds: float = 0.0

    @property
    def error_message(self) -> str:
        """Say for a log, never for the client, what went wrong."""
        if self.outcome is Outcome.FUNCTION_ERROR:
            error = self.payload if isinstance(self.payload, dict) else {}
            return str(error.get("errorMessage") or "The function returned an error.")
        return _MESSAGES.get(self.outcome, "")


_MESSAGES = {
    Outcome.NOT_PERMITTED: "API Gateway has no permission to invoke the integration's function.",
    Outcome.NOT_FOUND: "The integration's function doesn't exist.",
    Outcome.THROTTLED: "Rate Exceeded.",
    Outcome.TIMED_OUT: "Endpoint request timed out",
}
MayInvoke = Callable[[str, str], bool]  # the function's ARN, the ARN of who asks
Invoke = Callable[[str, Any], Awaitable[FunctionAnswer]]  # the function's ARN, the event


class LambdaIntegration:
    """Invoke functions for API Gateway."""

    def __init__(self, may_invoke: MayInvoke, invoke: Invoke) -> None:
        """Ask the function's resource-based policy with `may_invoke`, and invoke with `invoke`."""
        self._may_invoke, self._invoke = may_invoke, invoke
        self._running: set[asyncio.Task[FunctionAnswer]] = set()  # the event loop itself keeps no reference

    async def ask(self, uri: str, event: Any, *, source_arn: str, timeout_seconds: float) -> FunctionAnswer:
        """Invoke the function of a URI. After a time-out it goes on running.

        Args:
            uri: an integration's or an authorizer's, with stage variables put in (`with_stage_variables`).
            event: JSON.
            source_arn: the method or the authorizer on whose behalf (`source_arn`, `authorizer_arn`).
            timeout_seconds: how long to wait for it.
        """
        arn, started = function_arn(uri), time.perf_counter()
        if not self._may_invoke(arn, source_arn):
            return FunctionAnswer(Outcome.NOT_PERMITTED)
        task = asyncio.ensure_future(self._invoke(arn, event))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        done, _pending = await asyncio.wait({task}, timeout=timeout_seconds)
        milliseconds = (time.perf_counter() - started) * 1000
        if not done:
            return FunctionAnswer(Outcome.TIMED_OUT, milliseconds=milliseconds)
        return replace(task.result(), milliseconds=milliseconds)


def with_stage_variables(uri: str, stage_variables: Mapping[str, str]) -> str:
    """Put a stage's variables in the place of `${stageVariables.name}`; one that isn't there is empty."""
    return _STAGE_VARIABLE.sub(lambda match: str(stage_variables.get(match.group(1), "")), uri)


def function_arn(uri: str) -> str:
    """Return the function's ARN, with its qualifier if any: the URI itself, or what it wraps."""
    return uri.partition("/functions/")[2].removesuffix("/invocations") if "/functions/" in uri else uri


def source_arn(region: str, account: str, api_id: str, *, stage: str, method: str, resource_path: str) -> str:
    """Return the SourceArn of a request: the resource path is the route's, with its `{variables}`."""
    path = resource_path.lstrip("/")
    return f"arn:aws:execute-api:{region}:{account}:{api_id}/{stage}/{method}/{path}"


def authorizer_arn(region: str, account: str, api_id: str, authorizer_id: str) -> str:
    """Return the SourceArn with which an API invokes an authorizer's function."""
    return f"arn:aws:execute-api:{region}:{account}:{api_id}/authorizers/{authorizer_id}"
