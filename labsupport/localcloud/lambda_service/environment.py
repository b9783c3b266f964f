"""One execution environment: its Init phase, its invocations, its end.

An environment is one process group, one log stream and one folder for /tmp. It serves one invocation at
a time, is frozen between invocations, and keeps everything that the function left in memory.

::

    NEW ── initialize ──> READY <──> BUSY
     ^        fails │                  │ timeout, exit
     └──────────────┴──── RESET <──────┘          any ── stop ──> STOPPED

RESET: the runtime is gone, but the environment is not. The next invocation runs the Init phase again
inside its own time (AWS calls this a suppressed init), in the same log stream, with the same /tmp. Where
there are extensions, a reset and a stop give them their Shutdown phase (`shutdown.py`).

All methods run on the Lambda service's event loop, so that nothing here needs a lock.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import asyncio
import enum
import shutil
import signal
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from labsupport.localcloud.lambda_service import managed_runtime, platform_lines
from labsupport.localcloud.lambda_service.extensions import Extensions
from labsupport.localcloud.lambda_service.extensions_api import ExtensionsApi
from labsupport.localcloud.lambda_service.function import Function, InvocationResult, LogEvent
from labsupport.localcloud.lambda_service.invocation import InitFailure, Invocation, Outcome, error_from
from labsupport.localcloud.lambda_service.loopback_http import LoopbackServer
from labsupport.localcloud.lambda_service.runtime_api import NextEvent, RuntimeApi
from labsupport.localcloud.lambda_service.runtime_process import Keepers, RuntimeProcess, exit_reason
from labsupport.localcloud.lambda_service.sandbox import Place, Sandbox
from labsupport.localcloud.lambda_service.shutdown import shut_down
from labsupport.localcloud.lambda_service.variables import environment_variables

INIT_LIMIT_SECONDS = 10.0
# Provisioned environments have more time, since nobody waits for them: this, or the timeout if it is longer.
PROVISIONED_INIT_LIMIT_SECONDS = 130.0

LogWriter = Callable[[Function, str, Sequence[LogEvent]], None]


class Status(enum.Enum):
    """Where an environment is in its life."""

    NEW = "new"
    READY = "ready"
    BUSY = "busy"
    RESET = "reset"
    STOPPED = "stopped"


class ExecutionEnvironment:
    """An execution environment of one revision of a function."""

    def __init__(
        self,
        function: Function,
        place: Place,
        *,
        sandbox: Sandbox,
        keepers: Keepers,
        write_log: LogWriter,
        provisioned: bool = False,
    ) -> None:
        """Describe the environment. Nothing runs before `prepare` or the first invocation."""
        self.function, self.provisioned = function, provisioned
        self.status = Status.NEW
        self.retired = False
        self.last_used = time.monotonic()
        self.log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
        self._place, self._sandbox, self._keepers, self._write_log = place, sandbox, keepers, write_log
        routes = [*RuntimeApi(self).routes, *ExtensionsApi(function, lambda: self._extensions, self).routes]
        self._server = LoopbackServer(routes)
        self._api_address: str | None = None
        self._events: list[LogEvent] = []
        self._extensions = self._no_extensions_yet()
        self._handed_over: asyncio.Queue[Invocation] = asyncio.Queue()
        self._runtime_waits = self._serving = False
        self._current: Invocation | None = None
        self._initialized: asyncio.Future[None] | None = None
        self._init_error: dict[str, Any] | None = None
        self._runtime: RuntimeProcess | None = None
        self._ending: asyncio.Task[None] | None = None
        self._end_reason = "failure"
        self._max_memory_mb = 0

    # What the pool and the service call

    async def prepare(self) -> None:
        """Run the Init phase before anybody calls: provisioned concurrency.

        Raises:
            InitFailure: it failed, or took too long.
        """
        try:
            init_ms = await self._init_phase(
                max(PROVISIONED_INIT_LIMIT_SECONDS, self.function.timeout_seconds)
            )
            self._log(platform_lines.init_report(init_ms, "init", "success", None))
        finally:
            self._flush_log()

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one invocation, from its START line to its REPORT line.

        A handler that fails, a process that dies and a timeout are results, not exceptions.
        """
        self._serving = True
        init_ms = await self._cold_start() if self.status is Status.NEW else None
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
        self._serving = False
        return InvocationResult(outcome.payload, outcome.error, log_tail=self._flush_log())

    async def stop(self) -> None:
        """End the environment, with its Shutdown phase."""
        self.status = Status.STOPPED
        await self._end("spindown")
        self._server.close()
        shutil.rmtree(self._place.root.parent, ignore_errors=True)

    # The Init phase

    async def _cold_start(self) -> float | None:
        """Run the Init phase before the first invocation. Returns its milliseconds, or None if it failed."""
        try:
            return await self._init_phase(INIT_LIMIT_SECONDS)
        except InitFailure:
            return None

    async def _init_phase(self, limit_seconds: float) -> float:
        """Run the Init phase, log it, and return its milliseconds.

        Raises:
            InitFailure: it failed, or took too long.
        """
        runtime_version = managed_runtime.runtime_version(self.function.runtime)
        self._log(platform_lines.init_start(runtime_version, self.function.region))
        begun = time.monotonic()
        try:
            async with asyncio.timeout(limit_seconds):
                await self._initialize()
        except TimeoutError as error:
            await self._end_runtime("timeout")
            self._log(platform_lines.init_report(_ms_since(begun), "init", "timeout", None))
            raise InitFailure({"errorType": "Sandbox.Timedout", "errorMessage": str(error)}) from error
        except InitFailure as failure:
            self._log(
                platform_lines.init_report(_ms_since(begun), "init", "error", failure.error["errorType"])
            )
            raise
        return _ms_since(begun)

    async def _suppressed_init(self) -> None:
        """Run the Init phase inside the invocation, before its START line: only a failure is reported."""
        begun = time.monotonic()
        try:
            await self._initialize()
        except InitFailure as failure:
            error_type = failure.error["errorType"]
            self._log(platform_lines.init_report(_ms_since(begun), "invoke", "error", error_type))
            raise

    async def _initialize(self) -> None:
        """Start the runtime, and wait until it and every extension ask for their first event.

        Raises:
            InitFailure: one of them said so, or ended.
        """
        if self._ending is not None:  # what was there before a reset may still be saying good-bye
            await asyncio.shield(self._ending)
            self._ending = None
        self._server.drop_connections()
        self._initialized = asyncio.get_running_loop().create_future()
        self._init_error, self._end_reason = None, "failure"
        self._extensions = self._no_extensions_yet()
        self._handed_over = asyncio.Queue()
        await self._start_runtime()
        await self._initialized
        self.status = Status.READY
        for extension in self._extensions.registered:
            self._log(platform_lines.extension(extension.name, extension.events))

    def _no_extensions_yet(self) -> Extensions:
        return Extensions(on_waiting=self._note_waiting, on_failure=self._fail)

    async def _start_runtime(self) -> None:
        if self._api_address is None:
            self._api_address = await self._server.start()
        self._runtime = RuntimeProcess.start(
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
            provisioned=self.provisioned,
        )
        return {**variables, **self._sandbox.variables(self._place)}

    # The Invoke phase

    async def _run(self, invocation: Invocation) -> Outcome:
        """Hand the event over and wait for its outcome, within the function's timeout."""
        deadline_ms = int((time.time() + self.function.timeout_seconds) * 1000)
        try:
            async with asyncio.timeout(self.function.timeout_seconds):
                try:
                    if self.status in (Status.NEW, Status.RESET):
                        await self._suppressed_init()  # it counts as the invocation's time
                finally:
                    self._log(platform_lines.start(invocation.request_id, self.function.version))
                self._hand_over(invocation, deadline_ms)
                outcome = await invocation.outcome
                if outcome.error_type is None and self._extensions.registered:
                    await self._extensions.all_idle()  # their time is the invocation's, too
                    invocation.ended = time.monotonic()
        except TimeoutError:
            self._current = None
            await self._end_runtime("timeout")
            line = platform_lines.timed_out(invocation.request_id, self.function.timeout_seconds)
            self._log(line + "\n")
            message = f"RequestId: {invocation.request_id} Error: {line.split(' ', 2)[2]}"
            return Outcome(error={"errorType": "Sandbox.Timedout", "errorMessage": message}, status="timeout")
        except InitFailure as failure:
            error = failure.error
            if self._init_error is None:  # the runtime ended without a word: Lambda says why
                message = f"RequestId: {invocation.request_id} {error['errorMessage']}"
                error = {**error, "errorMessage": message}
                self._log(f"{message}\n{error['errorType']}")
            return Outcome(error=error, status="error", error_type=error["errorType"])
        finally:
            self._current = None
        if outcome.error is not None and outcome.error_type is not None:
            self._log(f"{outcome.error['errorMessage']}\n{outcome.error['errorType']}")
        else:
            self.status = Status.READY
            self._drain()
            self._freeze_soon()
        return outcome

    def _hand_over(self, invocation: Invocation, deadline_ms: int) -> None:
        self.status, self._current = Status.BUSY, invocation
        invocation.deadline_ms = deadline_ms
        if self._runtime is not None:
            self._runtime.thaw()
        self._extensions.tell_invoke(
            invocation.request_id,
            invocation.invoked_arn,
            deadline_ms=deadline_ms,
            trace_id=invocation.trace_id,
        )
        self._handed_over.put_nowait(invocation)

    # The Shutdown phase, and what makes it necessary

    async def _end(self, reason: str) -> None:
        """Run the Shutdown phase, and wait until the processes are gone."""
        if self._ending is None and self._runtime is not None:
            self._ending = asyncio.get_running_loop().create_task(self._shut_down(self._runtime, reason))
        if self._ending is not None:
            await asyncio.shield(self._ending)

    async def _shut_down(self, runtime: RuntimeProcess, reason: str) -> None:
        await shut_down(runtime, self._extensions, reason)
        if not self._serving:
            self._flush_log()

    async def _end_runtime(self, reason: str) -> None:
        """Kill a runtime that took too long. Its extensions have their Shutdown phase while life goes on."""
        if self._runtime is not None and self._extensions.external and self._ending is None:
            self._end_reason = reason
            self._runtime.signal_runtime(signal.SIGKILL)
            await self._runtime.runtime_ended.wait()
        else:
            await self._end(reason)

    def _reset(self, reason: str) -> None:
        """Let the processes go; the next invocation starts new ones."""
        if self.status is not Status.STOPPED:
            self.status = Status.RESET
        if self._ending is None and self._runtime is not None:
            self._ending = asyncio.get_running_loop().create_task(self._shut_down(self._runtime, reason))

    def _on_exit(self, reason: str) -> None:
        """Take the end of the process group."""
        out_of_memory = self._runtime is not None and self._runtime.out_of_memory
        self._measure_memory()
        self._runtime = None
        if self.status is not Status.STOPPED:
            self.status = Status.RESET
        self._settle_all("Runtime.OutOfMemory" if out_of_memory else "Runtime.ExitError", reason)

    def _settle_all(self, error_type: str, reason: str) -> None:
        """Tell whoever waits for the runtime that it is gone."""
        if self._initialized is not None and not self._initialized.done():
            error = self._init_error or {"errorType": error_type, "errorMessage": f"Error: {reason}"}
            self._initialized.set_exception(InitFailure(error))
        if self._current is not None:
            message = f"RequestId: {self._current.request_id} Error: {reason}"
            shown = "Runtime.ExitError" if error_type == "Runtime.OutOfMemory" else error_type
            error = {"errorType": shown, "errorMessage": message}
            self._current.settle(Outcome(error=error, status="error", error_type=error_type))

    def _fail(self, error_type: str, reason: str) -> None:
        """Take the failure of an extension: the environment is reset, as after a failure of the runtime."""
        if self._ending is None:
            self._settle_all(error_type, reason)
            self._reset("failure")

    # What the Runtime API calls (runtime_api.RuntimeEvents)

    async def next_event(self) -> NextEvent:
        """Wait for the next invocation. The first time, it says that the runtime's Init is over."""
        self._runtime_waits = True
        self._note_waiting()
        invocation = await self._handed_over.get()
        self._runtime_waits = False
        return invocation.as_event()

    def answered(self, request_id: str, payload: bytes) -> bool:
        """Take the handler's answer."""
        return self._settle(request_id, Outcome(payload=payload))

    def failed(self, request_id: str, payload: bytes) -> bool:
        """Take the handler's error: the environment stays warm."""
        return self._settle(request_id, Outcome(error=error_from(payload)))

    def init_failed(self, error_type: str, payload: bytes) -> None:
        """Remember why the Init phase failed; the runtime ends by itself."""
        self._measure_memory()
        self._init_error = {**error_from(payload), "errorType": error_type}

    def _settle(self, request_id: str, outcome: Outcome) -> bool:
        if self._current is None or self._current.request_id != request_id:
            return False
        self._current.settle(outcome)
        return True

    # What the launcher says of the runtime (extensions_api.RuntimeWatcher)

    def runtime_started(self, pid: int) -> None:
        """Take the runtime's process number."""
        if self._runtime is not None:
            self._runtime.runtime_started(pid)

    def runtime_ended(self, return_code: int) -> None:
        """Take the runtime's end. Its extensions are still there."""
        if self._runtime is not None:
            self._runtime.runtime_ended.set()
            self._drain()
        if self._ending is None:
            self._settle_all("Runtime.ExitError", exit_reason(return_code))
            self._reset(self._end_reason)

    # Freezing

    def _note_waiting(self) -> None:
        """Take that the runtime or an extension asks for its next event."""
        if self._runtime_waits and self._extensions.idle:
            if self._initialized is not None and not self._initialized.done():
                self._extensions.registration_closed = True
                self._initialized.set_result(None)
                self._measure_memory()
            self._freeze_soon()

    def _freeze_soon(self) -> None:
        # Soon, not now: after a cold start the invocation that caused it is about to be handed over.
        asyncio.get_running_loop().call_soon(self._freeze_when_idle)

    def _freeze_when_idle(self) -> None:
        idle = self._runtime_waits and self._handed_over.empty() and self._extensions.idle
        if idle and self.status is Status.READY and self._runtime is not None:
            self._runtime.freeze()

    # Logs and memory

    def _log(self, message: str) -> None:
        self._drain()
        self._events.append(LogEvent(int(time.time() * 1000), message))

    def _drain(self) -> None:
        if self._runtime is not None:
            self._runtime.drain()

    def _on_output(self) -> None:
        if not self._serving:  # what a function writes when nobody waits for it
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


def _ms_since(begun: float) -> float:
    return (time.monotonic() - begun) * 1000
