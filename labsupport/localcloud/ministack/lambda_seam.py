"""Where an invocation leaves MiniStack's control plane and enters our Lambda service.

Every route comes through `_execute_function_dispatch`: Invoke, S3, SNS, SQS, EventBridge, API Gateway.
Asynchronous ones come through `invoke_async_with_retry` before.
"""

from __future__ import annotations

import contextvars
import json
import logging
import re
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labsupport.localcloud.lambda_service import asynchronous, destinations
from labsupport.localcloud.lambda_service.asynchronous import AsyncEvent, AsyncSettings, Attempt
from labsupport.localcloud.lambda_service.function import Function, InvocationResult, LoggingConfig
from labsupport.localcloud.lambda_service.function_log import LogWriter
from labsupport.localcloud.lambda_service.invocation import new_trace_id
from labsupport.localcloud.lambda_service.metrics import LambdaMetrics, Subject
from labsupport.localcloud.lambda_service.service import LambdaService
from labsupport.localcloud.ministack.concurrency_seam import ConcurrencySeam
from labsupport.localcloud.ministack.recursion_seam import RecursionSeam, inbound_trace
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import lambda_payload, lambda_recursion

logger = logging.getLogger(__name__)

# The id that the caller of Invoke reads in the response is the id in the function's log, as on AWS, and
# the retries of an event keep it.
inbound_request_id: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    "lambda_request_id", default=None
)
_somebody_waits: contextvars.ContextVar[bool] = contextvars.ContextVar("somebody_waits", default=True)
_INVOKE_PATH = re.compile(r"^/2015-03-31/functions/[^/]+/invocations$")


class LambdaSeam:
    """Lambda's data plane behind MiniStack's control plane."""

    def __init__(
        self,
        directory: Path,
        *,
        endpoint_url: str,
        write_log: LogWriter,
        metrics: LambdaMetrics,
        on_change: Callable[[], None],
        retry_seconds: tuple[float, ...],
        idle_seconds: float,
    ) -> None:
        """Start the Lambda service below `directory`, and stand before MiniStack's own executor."""
        import ministack.app
        from ministack.core import lambda_runtime, responses
        from ministack.services import lambda_svc

        self._lambda: Any = lambda_svc
        self._runtime: Any = lambda_runtime
        self._responses: Any = responses
        self._endpoint_url, self._metrics = endpoint_url, metrics
        self.service = LambdaService(
            directory, write_log=write_log, on_change=on_change, idle_seconds=idle_seconds
        )
        self._concurrency = ConcurrencySeam(self.service, self._function)
        self._recursion = RecursionSeam(lambda arn: metrics.recursive_invocation_dropped(Subject.of(arn)))
        self.asynchronous = asynchronous.AsyncInvocations(
            run=self._attempt,
            settings=self._async_settings,
            deliver=self._deliver,
            deliver_dead_letter=self._deliver_dead_letter,
            on_drop=lambda event: metrics.async_event_dropped(Subject.of(event.function_arn)),
            retry_seconds=retry_seconds,
            on_change=on_change,
        )
        replace(lambda_svc, "_execute_function_dispatch", lambda _original: self._execute)
        replace(lambda_svc, "invoke_async_with_retry", lambda _original: self._accept)
        replace(lambda_svc, "invalidate_worker", self._invalidating)
        replace(ministack.app, "_dispatch_service_request", self._keeping_request_id)
        self._concurrency.attach()
        self._recursion.attach()

    def resume(self, events: list[AsyncEvent]) -> None:
        """Go on with what was accepted and provisioned before the cloud stopped."""
        contextvars.copy_context().run(self._concurrency.resume)
        for event in events:
            self.asynchronous.submit(event)

    def close(self) -> None:
        """End every execution environment."""
        self.asynchronous.close()
        self.service.close()
        self._runtime.reset()

    # One invocation

    def _execute(
        self, func: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, started: float
    ) -> dict[str, Any]:
        """Run one invocation. The shape of the answer is MiniStack's."""
        func, config = self._concurrency.routed(func, config)
        if refusal := self._recursion.refusal(config):
            error = {"errorType": refusal.code, "errorMessage": refusal.message}
            return _answer(InvocationResult(b"", error, "")) | {"recursive": True}
        if not func.get("code_zip"):
            found = config.get("PackageType") or config.get("Runtime")
            message = f"This lab runs functions from zip archives. This one has: {found}."
            return _answer(
                InvocationResult(b"", {"errorType": "Lab.Unsupported", "errorMessage": message}, "")
            )
        function = self._function(func, config)
        payload = json.dumps(event).encode()
        trace_id = lambda_recursion.invoked(new_trace_id(), inbound_trace.get(), function.arn)
        result = self._metrics.invoke(
            lambda: self.service.invoke(function, payload, inbound_request_id.get() or request_id, trace_id),
            function,
            reserved=self._concurrency.is_reserved(function),
            provisioned=self._concurrency.provisioned(function),
        )
        return _answer(result)

    def _function(self, func: dict[str, Any], config: dict[str, Any]) -> Function:
        layers = [self._lambda._resolve_layer_zip(layer) for layer in config.get("Layers") or []]
        account, region = self._lambda._account_region_from_function_config(config)
        name = config["FunctionName"]
        return Function(
            # The ARN in the configuration has the qualifier that the caller used. Environments belong to
            # a version, whoever asked for it.
            arn=f"arn:aws:lambda:{region}:{account}:function:{name}",
            invoked_arn=config["FunctionArn"],
            name=name,
            version=config.get("Version", "$LATEST"),
            revision=config["RevisionId"],
            region=region,
            runtime=config["Runtime"],
            handler=config["Handler"],
            memory_mb=int(config.get("MemorySize") or 128),
            timeout_seconds=int(config.get("Timeout") or 3),
            code=func["code_zip"],
            layers=tuple(layer for layer in layers if layer),
            environment=self._lambda._runtime_env_vars(config),
            # On AWS an SDK finds its endpoint by itself. Here a variable tells it.
            platform_environment={"AWS_ENDPOINT_URL": self._endpoint_url},
            role_arn=config["Role"],
            credentials=self._runtime.execution_credentials(config),
            ephemeral_storage_mb=int((config.get("EphemeralStorage") or {}).get("Size") or 512),
            log_group=(config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}",
            logging=_logging(config.get("LoggingConfig") or {}),
        )

    def _invalidating(self, original: Callable[..., None]) -> Callable[..., None]:
        def invalidate(
            func_name: str,
            qualifier: str | None = None,
            account: str | None = None,
            region: str | None = None,
        ) -> None:
            original(func_name, qualifier, account, region)
            self.service.retire(func_name, version=qualifier)
            self._concurrency.forget(func_name)

        return invalidate

    def _keeping_request_id(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def dispatch(
            method: str, path: str, headers: Any, body: bytes, query: Any, request_id: str
        ) -> Any:
            if method == "POST" and _INVOKE_PATH.match(path):
                inbound_request_id.set(request_id)
            return await original(method, path, headers, body, query, request_id)

        return dispatch

    # Asynchronous invocations

    def _accept(self, func: dict[str, Any], event: Any) -> None:
        """Take an event that an asynchronous Invoke, S3, SNS or EventBridge brings."""
        arn = (func.get("config") or func)["FunctionArn"]
        self._metrics.async_event_received(Subject.of(arn))
        request_id = inbound_request_id.get() or str(uuid.uuid4())
        self.asynchronous.submit(AsyncEvent(request_id, arn, event, trace=inbound_trace.get()))

    def _attempt(self, event: AsyncEvent) -> Attempt | None:
        func, config = self._look_up(event)
        if func is None or config is None:
            return None
        inbound_request_id.set(event.request_id)
        _somebody_waits.set(False)
        inbound_trace.set(event.trace)
        record = self._lambda._execution_record_for_config(
            func, {**config, "FunctionArn": event.function_arn}
        )
        age_seconds = time.time() - event.accepted
        result = self._lambda._execute_function(record, event.payload)
        throttled = bool(result.get("throttle"))
        failed = bool(result.get("error")) and not throttled
        if not throttled:
            self._metrics.async_event_age(Subject.of(event.function_arn), age_seconds)
        return Attempt(
            response=result.get("body"),
            function_error=(result.get("function_error") or "Unhandled") if failed else None,
            throttled=throttled,
            recursive=bool(result.get("recursive")),
            executed_version=config.get("Version", "$LATEST"),
        )

    def _look_up(self, event: AsyncEvent) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """Find the function as it is now: a retry runs the code of its own moment."""
        _, _, _, region, account, *_ = event.function_arn.split(":")
        self._responses._request_account_id.set(account)
        self._responses._request_region.set(region)
        func, config, _name = self._lambda._get_func_record_for_ref(event.function_arn)
        return func, config

    def _async_settings(self, event: AsyncEvent) -> AsyncSettings:
        func, config = self._look_up(event)
        qualifier = event.function_arn.split(":")[7:]
        settings = self._lambda._event_invoke_config(func or {}, qualifier[0] if qualifier else None) or {}
        targets = settings.get("DestinationConfig") or {}
        return AsyncSettings(
            retries=int(settings.get("MaximumRetryAttempts", AsyncSettings.retries)),
            maximum_age_seconds=int(
                settings.get("MaximumEventAgeInSeconds", AsyncSettings.maximum_age_seconds)
            ),
            on_success=(targets.get("OnSuccess") or {}).get("Destination"),
            on_failure=(targets.get("OnFailure") or {}).get("Destination"),
            dead_letter_queue=((config or {}).get("DeadLetterConfig") or {}).get("TargetArn"),
            has_zero_reserved=self._concurrency.is_stopped(event.function_arn.split(":")[6]),
        )

    def _deliver(self, event: AsyncEvent, destination: str, record: dict[str, Any]) -> None:
        def send(to: destinations.Sender) -> None:
            destinations.deliver(to, destination, record)

        self._send(event, destination, send, self._metrics.destination_delivery_failure)

    def _deliver_dead_letter(self, event: AsyncEvent, queue: str, attempt: Attempt) -> None:
        body, attributes = asynchronous.dead_letter(event, attempt)

        def send(to: destinations.Sender) -> None:
            destinations.send_dead_letter(to, queue, body, attributes)

        self._send(event, queue, send, self._metrics.dead_letter_error)

    def _send(
        self,
        event: AsyncEvent,
        destination: str,
        send: Callable[[destinations.Sender], None],
        count_failure: Callable[[Subject], None],
    ) -> None:
        _func, config = self._look_up(event)
        credentials = self._runtime.execution_credentials(config or {})
        region = event.function_arn.split(":")[3]
        arn = ":".join(event.function_arn.split(":")[:7])
        trace_id = lambda_recursion.invoked(new_trace_id(), event.trace, arn)
        try:
            send(destinations.Sender(self._endpoint_url, region, credentials, trace_id))
        except Exception as error:  # AWS counts it and goes on
            count_failure(Subject.of(event.function_arn))
            logger.warning("%s could not deliver to %s: %s", event.function_arn, destination, error)


def _logging(config: dict[str, Any]) -> LoggingConfig:
    return LoggingConfig(
        log_format=config.get("LogFormat") or LoggingConfig.log_format,
        application_log_level=config.get("ApplicationLogLevel") or LoggingConfig.application_log_level,
        system_log_level=config.get("SystemLogLevel") or LoggingConfig.system_log_level,
    )


def _answer(result: InvocationResult) -> dict[str, Any]:
    # "rie" is MiniStack's word for a log that has its START and REPORT lines already.
    answer: dict[str, Any] = {"log": result.log_tail, "log_source": "rie"}
    too_large = lambda_payload.response_error(result.payload) if _somebody_waits.get() else None
    if error := result.error or too_large:
        return answer | {"body": error, "error": True, "function_error": "Unhandled"}
    try:
        return answer | {"body": json.loads(result.payload)}
    except ValueError:
        return answer | {"body": result.payload.decode("utf-8", "replace"), "raw_payload": True}
