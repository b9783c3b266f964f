"""One execution environment: its Init phase, its invocations, its end.

An environment is one process group, one log stream and one folder for /tmp. It serves one invocation at
a time, is frozen between invocations, and keeps everything that the function left in memory.

::

    NEW ── initialize ──> READY <──> BUSY
     ^        fails │                  │ timeout, exit
     └──────────────┴──── RESET <──────┘          any ── stop ──> STOPPED

RESET: the process is gone, but the environment is not. The next invocation runs the Init phase again
inside its own time (AWS calls this a suppressed init), in the same log stream, with the same /tmp.

All methods run on the Lambda service's event loop, so that nothing here needs a lock.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import asyncio
import enum
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from labsupport.localcloud.lambda_service import managed_runtime, platform_lines
from labsupport.localcloud.lambda_service.function import Function, InvocationResult, LogEvent
from labsupport.localcloud.lambda_service.runtime_api import NextEvent, RuntimeApi
from labsupport.localcloud.lambda_service.runtime_process import Keepers, RuntimeProcess
from labsupport.localcloud.lambda_service.sandbox import Place, Sandbox
from labsupport.localcloud.lambda_service.variables import environment_variables

INIT_LIMIT_SECONDS = 10.0

LogWriter = Callable[[Function, str, Sequence[LogEvent]], None]


class Status(enum.Enum):
    """Where an environment is in its life."""

    NEW = "new"
    READY = "ready"
    BUSY = "busy"
    RESET = "reset"
    STOPPED = "stopped"


class Outcome(NamedTuple):
    """How an invocation went: an answer, or an error with what the REPORT line says of it."""

    payload: bytes = b""
    error: dict[str, Any] | None = None
    status: str | None = None
    error_type: str | None = None


class Invocation:
    """One event on its way through an environment."""

    def __init__(self, request_id: str, payload: bytes, invoked_arn: str) -> None:
        """Describe the event; `outcome` is settled by the runtime's answer or by its end."""
        self.request_id, self.payload, self.invoked_arn = request_id, payload, invoked_arn
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.ended: float | None = None

    def settle(self, outcome: Outcome) -> None:
        """Say how it went, and when. The first word counts."""
        if not self.outcome.done():
            self.ended = time.monotonic()
            self.outcome.set_result(outcome)


class InitFailure(Exception):
    """The Init phase ended with an error. Carries it as AWS returns it."""

    def __init__(self, error: dict[str, Any]) -> None:
        """Keep {"errorType", "errorMessage", ...}."""
        super().__init__(error.get("errorMessage"))
        self.error = error


class ExecutionEnvironment:
    """An execution environment of one revision of a function."""

    def __init__(
        self, function: Function, place: Place, *, sandbox: Sandbox, keepers: Keepers, write_log: LogWriter
    ) -> None:
        """Describe the environment. Nothing runs before its first invocation."""
        self.function = function
        self.status = Status.NEW
        self.retired = False
        self.last_used = time.monotonic()
        self.log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
        self._place, self._sandbox, self._keepers, self._write_log = place, sandbox, keepers, write_log
        self._api = RuntimeApi(self)
        self._api_address: str | None = None
        self._events: list[LogEvent] = []
        self._handed_over: asyncio.Queue[Invocation] = asyncio.Queue()
        self._current: Invocation | None = None
        self._initialized: asyncio.Future[None] | None = None
        self._init_error: dict[str, Any] | None = None
        self._runtime: RuntimeProcess | None = None
        self._max_memory_mb = 0

    # What the pool calls

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one invocation, from its START line to its REPORT line.

        A handler that fails, a process that dies and a timeout are results, not exceptions.
        """
        init_ms = await self._cold_start() if self.status is Status.NEW else None
        self._log(platform_lines.start(invocation.request_id, self.function.version))
        begun = time.monotonic()
        outcome = await self._run(invocation)
        duration_ms = ((invocation.ended or time.monotonic()) - begun) * 1000
        if outcome.status == "timeout":
            duration_ms = self.function.timeout_seconds * 1000
        self._log(platform_lines.end(invocation.request_id))
        self._log(
            platform_lines.report(
                invocation.request_id,
                duration_ms=duration_ms,
                init_ms=init_ms,
                memory_mb=self.function.memory_mb,
                max_memory_mb=self._measure_memory(),
                status=outcome.status,
                error_type=outcome.error_type,
            )
        )
        self.last_used = time.monotonic()
        return InvocationResult(outcome.payload, outcome.error, log_tail=self._flush_log())

    async def stop(self) -> None:
        """End the environment. Without extensions, AWS gives it no time to say good-bye either."""
        await self._kill()
        self.status = Status.STOPPED
        self._api.close()
        shutil.rmtree(self._place.root.parent, ignore_errors=True)

    # The Init phase

    async def _cold_start(self) -> float | None:
        """Run the Init phase before the first invocation. Returns its milliseconds, or None if it failed."""
        runtime_version = managed_runtime.runtime_version(self.function.runtime)
        self._log(platform_lines.init_start(runtime_version, self.function.region))
        begun = time.monotonic()
        try:
            async with asyncio.timeout(INIT_LIMIT_SECONDS):
                await self._initialize()
            return (time.monotonic() - begun) * 1000
        except TimeoutError:
            await self._kill()
            self._log(platform_lines.init_report(_ms_since(begun), "init", "timeout", None))
        except InitFailure as failure:
            self._log(
                platform_lines.init_report(_ms_since(begun), "init", "error", failure.error["errorType"])
            )
        return None

    async def _initialize(self) -> None:
        """Start the runtime and wait until it asks for its first event.

        Raises:
            InitFailure: the runtime said so, or ended.
        """
        self._initialized = asyncio.get_running_loop().create_future()
        self._init_error = None
        self._handed_over = asyncio.Queue()
        await self._start_runtime()
        await self._initialized
        self.status = Status.READY

    async def _start_runtime(self) -> None:
        if self._api_address is None:
            self._api_address = await self._api.start()
        self._runtime = await RuntimeProcess.start(
            self._sandbox.command(),
            self._variables,
            self._place.task,
            memory_mb=self.function.memory_mb,
            keepers=self._keepers,
            emit=self._events.append,
            on_output=self._on_output,
            on_exit=self._on_exit,
        )

    def _variables(self, telemetry_fd: int) -> dict[str, str]:
        assert self._api_address is not None
        variables = environment_variables(
            self.function,
            api_address=self._api_address,
            log_stream=self.log_stream,
            telemetry_fd=telemetry_fd,
        )
        return {**variables, **self._sandbox.variables(self._place)}

    def _on_exit(self, reason: str) -> None:
        """Tell whoever waits for the runtime that it is gone."""
        out_of_memory = self._runtime is not None and self._runtime.out_of_memory
        error_type = "Runtime.OutOfMemory" if out_of_memory else "Runtime.ExitError"
        self._max_memory_mb = self._measure_memory()
        self._runtime = None
        self.status = Status.RESET
        if self._initialized is not None and not self._initialized.done():
            error = self._init_error or {"errorType": error_type, "errorMessage": f"Error: {reason}"}
            self._initialized.set_exception(InitFailure(error))
        if self._current is not None:
            message = f"RequestId: {self._current.request_id} Error: {reason}"
            error = {"errorType": "Runtime.ExitError", "errorMessage": message}
            self._current.settle(Outcome(error=error, status="error", error_type=error_type))

    # The Invoke phase

    async def _run(self, invocation: Invocation) -> Outcome:
        """Hand the event over and wait for its outcome, within the function's timeout."""
        try:
            async with asyncio.timeout(self.function.timeout_seconds):
                if self.status is Status.RESET:  # a suppressed init: it counts as the invocation's time
                    await self._suppressed_init()
                self.status, self._current = Status.BUSY, invocation
                if self._runtime is not None:
                    self._runtime.thaw()
                self._handed_over.put_nowait(invocation)
                outcome = await invocation.outcome
        except TimeoutError:
            self._current = None
            await self._kill()
            line = platform_lines.timed_out(invocation.request_id, self.function.timeout_seconds)
            self._log(line + "\n")
            message = f"RequestId: {invocation.request_id} Error: {line.split(' ', 2)[2]}"
            return Outcome(error={"errorType": "Sandbox.Timedout", "errorMessage": message}, status="timeout")
        except InitFailure as failure:
            return Outcome(error=failure.error, status="error", error_type=failure.error["errorType"])
        finally:
            self._current = None
        if outcome.error_type is not None:
            self._log(f"{(outcome.error or {})['errorMessage']}\nRuntime.ExitError")
        else:
            self.status = Status.READY
            self._drain()
        return outcome

    async def _suppressed_init(self) -> None:
        begun = time.monotonic()
        try:
            await self._initialize()
        except InitFailure as failure:
            error_type = failure.error["errorType"]
            self._log(platform_lines.init_report(_ms_since(begun), "invoke", "error", error_type))
            raise

    async def _kill(self) -> None:
        if self._runtime is not None:
            await self._runtime.kill()

    # What the Runtime API calls (runtime_api.RuntimeEvents)

    async def next_event(self) -> NextEvent:
        """Wait for the next invocation. The first time, it says that the Init phase is over."""
        if self._initialized is not None and not self._initialized.done():
            self._initialized.set_result(None)
            self._measure_memory()
        # Soon, not now: after a cold start the invocation that caused it is about to be handed over.
        asyncio.get_running_loop().call_soon(self._freeze_when_idle)
        invocation = await self._handed_over.get()
        deadline_ms = int((time.time() + self.function.timeout_seconds) * 1000)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.invoked_arn,
            "Lambda-Runtime-Trace-Id": _trace_id(),
        }
        return NextEvent(headers, invocation.payload)

    def answered(self, request_id: str, payload: bytes) -> bool:
        """Take the handler's answer."""
        return self._settle(request_id, Outcome(payload=payload))

    def failed(self, request_id: str, payload: bytes) -> bool:
        """Take the handler's error: the environment stays warm."""
        return self._settle(request_id, Outcome(error=_error(payload)))

    def init_failed(self, error_type: str, payload: bytes) -> None:
        """Remember why the Init phase failed; the runtime ends by itself."""
        self._measure_memory()
        self._init_error = {**_error(payload), "errorType": error_type}

    def _freeze_when_idle(self) -> None:
        if self.status is Status.READY and self._handed_over.empty() and self._runtime is not None:
            self._runtime.freeze()

    def _settle(self, request_id: str, outcome: Outcome) -> bool:
        if self._current is None or self._current.request_id != request_id:
            return False
        self._current.settle(outcome)
        return True

    # Logs and memory

    def _log(self, message: str) -> None:
        self._drain()
        self._events.append(LogEvent(int(time.time() * 1000), message))

    def _drain(self) -> None:
        if self._runtime is not None:
            self._runtime.drain()

    def _on_output(self) -> None:
        if self.status is Status.READY:  # what a function writes when nobody waits for it
            self._flush_log()

    def _flush_log(self) -> str:
        """Write what was gathered into the log stream, and return it as text."""
        events, self._events[:] = list(self._events), []
        if events:
            self._write_log(self.function, self.log_stream, [_as_stored(event) for event in events])
        return "".join(_as_stored(event).message for event in events)

    def _measure_memory(self) -> int:
        """Return the most memory the environment has used so far, in MB."""
        if self._runtime is not None:
            self._max_memory_mb = max(self._max_memory_mb, self._runtime.max_memory_mb())
        return self._max_memory_mb


def _as_stored(event: LogEvent) -> LogEvent:
    """Lambda ends each event with a line end."""
    return LogEvent(event.timestamp_ms, event.message + "\n")


def _error(payload: bytes) -> dict[str, Any]:
    try:
        error = json.loads(payload)
        return (
            error if isinstance(error, dict) else {"errorType": "Runtime.Unknown", "errorMessage": str(error)}
        )
    except ValueError:
        return {"errorType": "Runtime.Unknown", "errorMessage": payload.decode("utf-8", "replace")}


def _trace_id() -> str:
    return f"Root=1-{int(time.time()):08x}-{os.urandom(12).hex()};Parent={os.urandom(8).hex()};Sampled=0"


def _ms_since(begun: float) -> float:
    return (time.monotonic() - begun) * 1000
