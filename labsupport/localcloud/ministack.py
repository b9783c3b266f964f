"""The only file that touches MiniStack's internals.

MiniStack is the control plane. It is pinned, because the seams used here are its private functions: each
is checked when the server starts, so that another version fails with a sentence and not with a wrong
answer an hour later. Raise the pin on purpose, and run the conformance tests.

The seams:

* `lambda_svc._execute_function_dispatch` is where every invocation of a function passes, whoever asked
  for it. From there on the invocation is ours.
* `lambda_svc.invalidate_worker` tells that a function's environments are out of date.
* `s3._validate_notification_configs` and `s3._deliver_event_to_lambda` are where a bucket's notification
  is accepted, and where it is delivered: the rules of `rules/` are asked there.
* `app._build_persistence_save_dict`, `app._state_map` and each module's `load_persisted_state` are how
  the state is read and given back.
"""

from __future__ import annotations

import contextvars
import importlib.metadata
import inspect
import json
import logging
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from labsupport.errors import CloudError
from labsupport.localcloud.gate import App
from labsupport.localcloud.lambda_service.function import Function, InvocationResult, LogEvent
from labsupport.localcloud.lambda_service.service import LambdaService
from labsupport.localcloud.rules import s3_destination_permission

logger = logging.getLogger(__name__)

VERSION = importlib.metadata.version("ministack")
PINNED_VERSION = "1.5.33"

# Module, name and parameters of each seam, as they are in the pinned version.
SEAMS = [
    ("services.lambda_svc", "_execute_function_dispatch", "func config event request_id started"),
    ("services.lambda_svc", "invalidate_worker", "func_name qualifier account region"),
    ("services.lambda_svc", "_resolve_layer_zip", "attachment"),
    ("services.lambda_svc", "_account_region_from_function_config", "config"),
    ("services.lambda_svc", "function_policy_for_arn", "resource_arn"),
    ("services.lambda_svc", "_runtime_env_vars", "config"),
    (
        "services.s3",
        "_validate_notification_configs",
        "configs bucket_region bucket_name skip_destination_validation",
    ),
    ("services.s3", "_deliver_event_to_lambda", "arn event_payload bucket_region"),
    ("services.s3", "_invalid_notification_config", "message"),
    ("services.cloudwatch_logs", "_append_log_events", "stream events"),
    ("services.cloudwatch_logs", "_make_group_arn", "name"),
    ("core.lambda_runtime", "execution_credentials", "config"),
    ("core.iam_evaluator", "evaluate_resource_policy", "doc ctx service named_only direct_only"),
    ("app", "_build_persistence_save_dict", ""),
    ("app", "_get_module", "name"),
    ("app", "_dispatch_service_request", "method path headers body query_params request_id"),
]

# The id that the caller of Invoke reads in its response is the id in the function's log, as on AWS.
_invoke_request_id: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    "invoke_request_id", default=None
)
_INVOKE_PATH = re.compile(r"^/2015-03-31/functions/[^/]+/invocations$")


def prepare_environment(*, home: Path, port: int, account: str, region: str) -> None:
    """Set the environment variables that MiniStack reads when it is imported.

    Variables of the learner's own AWS set-up are removed: a key in AWS_ACCESS_KEY_ID would become a root
    key of the local cloud, and DOCKER_HOST would make MiniStack look for containers.
    """
    for name in [
        name for name in os.environ if name.startswith(("AWS_", "MINISTACK_", "LAMBDA_", "LOCALSTACK_"))
    ]:
        del os.environ[name]
    os.environ.update(
        AUTH="true",
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        MINISTACK_HOST="127.0.0.1",
        MINISTACK_ACCOUNT_ID=account,
        MINISTACK_REGION=region,
        PERSIST_STATE="0",  # state.py saves, and sooner
        STATE_DIR=str(home / "state"),
        S3_PERSIST="1",
        S3_DATA_DIR=str(home / "state" / "s3"),
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        LAMBDA_ACCOUNT_CONCURRENCY="1000",
        LOG_LEVEL="WARNING",
        TMPDIR=str(home / "work"),
        DOCKER_HOST=f"unix://{home}/no-docker",
    )
    logging.getLogger("labsupport").setLevel(logging.INFO)


def load() -> MiniStack:
    """Import MiniStack and check every seam.

    Raises:
        CloudError: another version is installed, or a seam isn't what it was.
    """
    if VERSION != PINNED_VERSION:
        raise _unfit(f"version {PINNED_VERSION} is needed, {VERSION} is installed.")
    for module_name, name, parameters in SEAMS:
        module = __import__(f"ministack.{module_name}", fromlist=["_"])
        seam = getattr(module, name, None)
        found = " ".join(inspect.signature(seam).parameters) if callable(seam) else "nothing"
        if found != parameters:
            raise _unfit(f"ministack.{module_name}.{name} takes ({found}) and not ({parameters}).")
    return MiniStack()


class MiniStack:
    """MiniStack, with the lab's Lambda service behind it."""

    def __init__(self) -> None:
        """Import the modules; `prepare_environment` comes first."""
        import ministack.app
        from ministack.core import iam_evaluator, lambda_runtime, responses
        from ministack.services import cloudwatch_logs, lambda_svc, s3

        self._app_module: Any = ministack.app
        self._iam: Any = iam_evaluator
        self._runtime: Any = lambda_runtime
        self._responses: Any = responses
        self._logs: Any = cloudwatch_logs
        self._lambda: Any = lambda_svc
        self._s3: Any = s3
        self.app: App = ministack.app.app

    # State

    def states(self) -> dict[str, Any]:
        """Return the state of every service that has been used, by MiniStack's own keys."""
        states = {
            key: get_state() for key, get_state in self._app_module._build_persistence_save_dict().items()
        }
        return {key: state for key, state in states.items() if state}

    def restore(self, states: Mapping[str, Any]) -> None:
        """Give back what `states` returned in an earlier life."""
        for key, module_name in self._app_module._state_map.items():
            if states.get(key):
                self._app_module._get_module(module_name).load_persisted_state(states[key])

    # Lambda

    def attach(self, service: LambdaService, *, endpoint_url: str) -> None:
        """Put the lab's Lambda service and rules behind MiniStack's seams."""
        self._service, self._endpoint_url = service, endpoint_url
        self._wrap(self._lambda, "_execute_function_dispatch", lambda _original: self._execute)
        self._wrap(self._lambda, "invalidate_worker", self._invalidate)
        self._wrap(self._app_module, "_dispatch_service_request", self._keep_request_id)
        self._wrap(self._s3, "_validate_notification_configs", self._validate_notification)
        self._wrap(self._s3, "_deliver_event_to_lambda", self._deliver_to_lambda)

    def close(self) -> None:
        """End MiniStack's own workers (there are none while the lab's service stands in for them)."""
        self._runtime.reset()

    @staticmethod
    def _wrap(module: Any, name: str, make: Callable[[Any], Any]) -> None:
        setattr(module, name, make(getattr(module, name)))

    def _execute(
        self, func: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, started: float
    ) -> dict[str, Any]:
        """Run one invocation; the shape of the answer is MiniStack's."""
        request_id = _invoke_request_id.get() or request_id
        if not str(config.get("Runtime", "")).startswith("python") or not func.get("code_zip"):
            return _refusal(
                f"This lab runs functions from zip archives with a Python runtime; this one has "
                f"{config.get('Runtime') or config.get('PackageType')}."
            )
        result = self._service.invoke(self._function(func, config), json.dumps(event).encode(), request_id)
        answer = {"log": result.log_tail, "log_source": "rie", **_body(result)}
        if result.error is not None:
            answer |= {"error": True, "function_error": "Unhandled"}
        return answer

    def _function(self, func: dict[str, Any], config: dict[str, Any]) -> Function:
        layers = [self._lambda._resolve_layer_zip(layer) for layer in config.get("Layers") or []]
        account, region = self._lambda._account_region_from_function_config(config)
        name, version = config["FunctionName"], config.get("Version", "$LATEST")
        return Function(
            # The ARN in the configuration carries the qualifier that the caller used. Environments
            # belong to a version, whoever asked for it.
            arn=f"arn:aws:lambda:{region}:{account}:function:{name}",
            invoked_arn=config["FunctionArn"],
            name=name,
            version=version,
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
            credentials=self._runtime.execution_credentials(config),
            log_group=(config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}",
        )

    def _invalidate(self, original: Callable[..., None]) -> Callable[..., None]:
        def invalidate(
            func_name: str,
            qualifier: str | None = None,
            account: str | None = None,
            region: str | None = None,
        ) -> None:
            original(func_name, qualifier, account, region)
            self._service.retire(func_name, version=qualifier)

        return invalidate

    def _keep_request_id(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def dispatch(
            method: str, path: str, headers: Any, body: bytes, query: Any, request_id: str
        ) -> Any:
            if method == "POST" and _INVOKE_PATH.match(path):
                _invoke_request_id.set(request_id)
            return await original(method, path, headers, body, query, request_id)

        return dispatch

    # Logs

    def write_log_events(self, function: Function, stream_name: str, events: Sequence[LogEvent]) -> None:
        """Append events to the environment's log stream, and make its log group where there is none."""
        _, _, _, region, account, *_ = function.arn.split(":")
        contextvars.copy_context().run(self._write, account, region, function.log_group, stream_name, events)

    def _write(
        self, account: str, region: str, group_name: str, stream_name: str, events: Sequence[LogEvent]
    ) -> None:
        self._responses._request_account_id.set(account)
        self._responses._request_region.set(region)
        now_ms = int(time.time() * 1000)
        groups = self._logs._log_groups
        if group_name not in groups:
            groups[group_name] = {
                "arn": self._logs._make_group_arn(group_name),
                "creationTime": now_ms,
                "retentionInDays": None,
                "tags": {},
                "subscriptionFilters": {},
                "streams": {},
            }
        new_stream = {
            "events": [],
            "uploadSequenceToken": "1",
            "creationTime": now_ms,
            "firstEventTimestamp": None,
            "lastEventTimestamp": None,
            "lastIngestionTime": None,
        }
        stream = groups[group_name]["streams"].setdefault(stream_name, new_stream)
        written = [
            {"timestamp": e.timestamp_ms, "message": e.message, "ingestionTime": now_ms} for e in events
        ]
        self._logs._append_log_events(stream, written)

    # S3 notifications

    def _validate_notification(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def validate(
            configs: list[dict[str, Any]], bucket_region: str, bucket_name: str = "", skip: bool = False
        ) -> Any:
            refused = original(configs, bucket_region, bucket_name, skip)
            if refused or skip:
                return refused
            functions = [config["arn"] for config in configs if config["type"] == "lambda"]
            message = s3_destination_permission.problem(
                functions, lambda arn: self._s3_may_invoke(arn, bucket_name)
            )
            return self._s3._invalid_notification_config(message) if message else None

        return validate

    def _deliver_to_lambda(self, original: Callable[..., None]) -> Callable[..., None]:
        def deliver(arn: str, event_payload: dict[str, Any], bucket_region: str) -> None:
            bucket_name = event_payload["Records"][0]["s3"]["bucket"]["name"]
            if self._s3_may_invoke(arn, bucket_name):
                original(arn, event_payload, bucket_region)
            else:
                logger.warning("S3 may no longer invoke %s for bucket %s: event dropped.", arn, bucket_name)

        return deliver

    def _s3_may_invoke(self, function_arn: str, bucket_name: str) -> bool:
        """Ask the function's resource-based policy whether S3 may invoke it for this bucket."""
        found = self._lambda.function_policy_for_arn(function_arn)
        if found is None:
            return False
        policy, owner = found
        context = self._iam.EvalContext(
            principal_arn="*",
            principal_type="Service",
            principal_account="",
            action="lambda:InvokeFunction",
            resource_arn=function_arn,
            region=self._responses.get_region(),
            service_context={"aws:SourceArn": f"arn:aws:s3:::{bucket_name}", "aws:SourceAccount": owner},
        )
        decision = self._iam.evaluate_resource_policy(policy, context, service="s3.amazonaws.com").decision
        return bool(decision == "Allow")


def _body(result: InvocationResult) -> dict[str, Any]:
    if result.error is not None:
        return {"body": result.error}
    try:
        return {"body": json.loads(result.payload)}
    except ValueError:
        return {"body": result.payload.decode("utf-8", "replace"), "raw_payload": True}


def _refusal(message: str) -> dict[str, Any]:
    error = {"errorType": "Runtime.NotInThisLab", "errorMessage": message}
    return {"body": error, "error": True, "function_error": "Unhandled", "log": "", "log_source": "rie"}


def _unfit(cause: str) -> CloudError:
    return CloudError(
        doing="starting the local cloud",
        cause=f"the installed MiniStack doesn't fit: {cause}",
        next_step="Run `./lab doctor`; deleting .venv and running `./lab open` again installs what fits.",
    )
