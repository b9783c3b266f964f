"""Carry the trace header from one invocation to the next, and stop a loop.

A request brings it: the SDK in a function sends it with each one. A message in a queue keeps it as its
system attribute AWSTraceHeader. A ContextVar holds it until the function is invoked.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

import contextvars
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import lambda_recursion
from labsupport.localcloud.rules.refusal import Refusal

logger = logging.getLogger(__name__)

Answer = Any
Config = dict[str, Any]
TRACE_HEADER = "AWSTraceHeader"

# What came with the event that is being handled.
inbound_trace: contextvars.ContextVar[str | None] = contextvars.ContextVar("inbound_trace", default=None)


class RecursionSeam:
    """The chain of invocations that a request belongs to."""

    def __init__(self, on_drop: Callable[[str], None]) -> None:
        """Take MiniStack's modules. `on_drop` takes the ARN of a function whose loop was stopped."""
        import ministack.app
        from ministack.services import lambda_svc, sqs

        self._on_drop = on_drop
        self._app: Any = ministack.app
        self._lambda: Any = lambda_svc
        self._sqs: Any = sqs

    def attach(self) -> None:
        """Stand before what receives, keeps and hands over events."""
        replace(self._app, "_dispatch_service_request", self._reading_trace)
        replace(self._sqs, "_build_send_sys_attrs", self._sending)
        replace(self._sqs, "_ensure_msg_fields", self._enqueueing)
        replace(self._lambda, "_run_sqs_batch", self._running_batch)
        replace(self._lambda, "_invoke", self._invoking)

    def refusal(self, config: Config) -> Refusal | None:
        """Return AWS's refusal of an invocation that continues a loop, unless the function allows loops."""
        arn = function_arn(config)
        func = self._lambda._functions.get(config["FunctionName"]) or {}
        if func.get("recursive_loop") == "Allow" or not lambda_recursion.stops(inbound_trace.get(), arn):
            return None
        logger.warning("A recursive loop of %s was stopped.", arn)
        self._on_drop(arn)
        return lambda_recursion.refusal(arn)

    # What MiniStack's functions are wrapped in

    def _reading_trace(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        async def dispatch(method: str, path: str, headers: Mapping[str, str], *others: Any) -> Answer:
            trace = headers.get("x-amzn-trace-id")
            supported = _signed_for(headers) in lambda_recursion.SERVICES
            inbound_trace.set(unquote(trace) if trace and supported else None)
            return await original(method, path, headers, *others)

        return dispatch

    def _sending(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def build(now: float, sys_attrs_input: dict[str, Any]) -> Any:
            return _with_trace(original(now, sys_attrs_input))

        return build

    def _enqueueing(self, original: Callable[..., None]) -> Callable[..., None]:
        def ensure(message: dict[str, Any]) -> None:
            is_new = "sys" not in message  # SNS and S3 put it into a queue; SendMessage has passed `_sending`
            original(message)
            if is_new:
                _with_trace(message["sys"])

        return ensure

    def _running_batch(self, original: Callable[..., None]) -> Callable[..., None]:
        def run(esm: Any, func_rec: Any, event: dict[str, Any], *others: Any) -> None:
            # A batch is one invocation, and may continue several chains: the longest counts.
            arn = function_arn(func_rec["config"])
            traces = [record["attributes"].get(TRACE_HEADER) for record in event["Records"]]
            inbound_trace.set(max(traces, key=lambda trace: lambda_recursion.count(trace, arn)))
            original(esm, func_rec, event, *others)

        return run

    def _invoking(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        async def invoke(name: str, event: Any, headers: Mapping[str, str], *others: Any) -> Answer:
            func = self._lambda._functions.get(name)
            waits = headers.get("x-amz-invocation-type", "RequestResponse") == "RequestResponse"
            refusal = self.refusal(func["config"]) if func and waits else None
            if refusal:
                return self._lambda.error_response_json(refusal.code, refusal.message, refusal.status)
            return await original(name, event, headers, *others)

        return invoke


def function_arn(config: Config) -> str:
    """Return a function's ARN without a qualifier."""
    return ":".join(config["FunctionArn"].split(":")[:7])


def _with_trace(system_attributes: dict[str, Any]) -> dict[str, Any]:
    trace = inbound_trace.get()
    if trace:
        system_attributes.setdefault(TRACE_HEADER, trace)
    return system_attributes


def _signed_for(headers: Mapping[str, str]) -> str | None:
    """Return the service that a request is signed for."""
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", headers.get("authorization", ""))
    return scope[1] if scope else None
