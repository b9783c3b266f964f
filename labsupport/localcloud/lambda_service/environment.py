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
import signal
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from labsupport.localcloud.lambda_service import platform_events as events
from labsupport.localcloud.lambda_service.extensions import Extensions
from labsupport.localcloud.lambda_service.extensions_api import ExtensionsApi
from labsupport.localcloud.lambda_service.function import Function, InvocationResult
from labsupport.localcloud.lambda_service.function_log import FunctionLog, LogWriter
from labsupport.localcloud.lambda_service.invocation import InitFailure, Invocation, Outcome, error_from
from labsupport.localcloud.lambda_service.loopback_http import LoopbackServer
from labsupport.localcloud.lambda_service.peers import Address
from labsupport.localcloud.lambda_service.platform_lines import timeout_message
from labsupport.localcloud.lambda_service.runtime_api import NextEvent, RuntimeApi
from labsupport.localcloud.lambda_service.runtime_process import Keepers, RuntimeProcess, exit_reason
from labsupport.localcloud.lambda_service.sandbox import Place, Sandbox
from labsupport.localcloud.lambda_service.shutdown import shut_down
from labsupport.localcloud.lambda_service.variables import environment_variables

INIT_LIMIT_SECONDS = 10.0
# Provisioned environments have more time, since nobody waits for them: this, or the timeout if it is longer.
PROVISIONED_INIT_LIMIT_SECONDS = 130.0


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
        self.log_stream = _log_stream(function)
        self._log = FunctionLog(function, self.log_stream, write_log)
        self._place, self._sandbox, self._keepers = place, sandbox, keepers
        routes = [*RuntimeApi(self).routes, *ExtensionsApi(function, lambda: self._extensions, self).routes]
        self._server = LoopbackServer(routes, admits=self._admits)
        self._api_address: str | None = None
        self._extensions = self._no_extensions_yet()
        self._handed_over: asyncio.Queue[Invocation] = asyncio.Queue()
        self._runtime_waits = self._serving = False
        self._at_rest = asyncio.Event()  # the runtime waits for an event, or isn't there
        self._at_rest.set()
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
            await self._init_phase(max(PROVISIONED_INIT_LIMIT_SECONDS, self.function.timeout_seconds))
        finally:
            self._log.flush()

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one invocation, from its START line to its REPORT line.

        A handler that fails, a process that dies and a timeout are results, not exceptions.
        """
        self._serving = True
        init_ms = await self._cold_start() if self.status is Status.NEW else None
        begun = time.monotonic()
        outcome = await self._run(invocation)
        runtime_ms = ((invocation.answered or time.monotonic()) - begun) * 1000
        duration_ms = ((invocation.ended or time.monotonic()) - begun) * 1000
        if outcome.status == "timeout":
            duration_ms = self.function.timeout_seconds * 1000
        self._say(
            events.RuntimeDone(
                invocation.request_id,
                runtime_ms,
                produced_bytes=len(outcome.payload),
                status=outcome.status,
                error_type=outcome.error_type,
            )
        )
        self._say(
            events.Report(
                invocation.request_id,
                duration_ms,
                init_ms,
                memory_mb=self.function.memory_mb,
                max_memory_mb=self._measure_memory(),
                status=outcome.status,
                error_type=outcome.error_type,
            )
        )
        self.last_used = time.monotonic()
        self._serving = False
        return InvocationResult(
            outcome.payload, outcome.error, log_tail=self._log.flush(), duration_ms=duration_ms
        )

    async def stop(self) -> None:
        """End the environment, with its Shutdown phase."""
        self.status = Status.STOPPED
        await self._end("spindown")
        self._server.close()
        self._place.remove()

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
        self._say(self._init_start())
        begun = time.monotonic()
        try:
            async with asyncio.timeout(limit_seconds):
                await self._initialize()
        except TimeoutError as error:
            await self._end_runtime("timeout")
            self._say_initialized("init", begun, "timeout")
            raise InitFailure({"errorType": "Sandbox.Timedout", "errorMessage": str(error)}) from error
        except InitFailure as failure:
            self._say_initialized("init", begun, "error", failure.error["errorType"])
            raise
        return self._say_initialized("init", begun)

    async def _suppressed_init(self) -> None:
        """Run the Init phase inside the invocation, before its START line: only a failure is reported."""
        begun = time.monotonic()
        try:
            await self._initialize()
        except InitFailure as failure:
            self._say_initialized("invoke", begun, "error", failure.error["errorType"])
            raise
        self._say_initialized("invoke", begun)

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
            self._say(events.ExtensionReady(extension.name, extension.events))

    def _no_extensions_yet(self) -> Extensions:
        return Extensions(on_waiting=self._note_waiting, on_failure=self._fail)

    async def _start_runtime(self) -> None:
        if self._api_address is None:
            self._api_address = await self._server.start()
        self._runtime = RuntimeProcess.start(
            self._sandbox.command(self.function, self._place),
            self._variables,
            self._place.task,
            pass_fds=self._place.descriptors,
            memory_mb=self.function.memory_mb,
            hidden=self._sandbox.hides_processes,
            keepers=self._keepers,
            emit=self._log.add_output,
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
        return self._sandbox.variables(self.function, self._place, variables)

    # The Invoke phase

    async def _run(self, invocation: Invocation) -> Outcome:
        """Hand the event over and wait for its outcome, within the function's timeout."""
        deadline_ms = int((time.time() + self.function.timeout_seconds) * 1000)
        try:
            async with asyncio.timeout(self.function.timeout_seconds):
                try:
                    await self._at_rest.wait()
                    if self.status in (Status.NEW, Status.RESET):
                        await self._suppressed_init()  # it counts as the invocation's time
                finally:
                    self._say(events.Start(invocation.request_id, self.function.version))
                self._hand_over(invocation, deadline_ms)
                outcome = await invocation.outcome
                if outcome.error is not None and outcome.error_type is None:
                    await self._at_rest.wait()  # a runtime that ends after it has posted an error does so now
                if outcome.error_type is None and self._extensions.registered:
                    await self._extensions.all_idle()  # their time is the invocation's, too
                    invocation.ended = time.monotonic()
        except TimeoutError:
            self._current = None
            await self._end_runtime("timeout")
            self._say(events.TimedOut(invocation.request_id, self.function.timeout_seconds))
            cause = timeout_message(self.function.timeout_seconds)
            message = f"RequestId: {invocation.request_id} Error: {cause}"
            return Outcome(error={"errorType": "Sandbox.Timedout", "errorMessage": message}, status="timeout")
        except InitFailure as failure:
            error = failure.error
            if self._init_error is None:  # the runtime ended without a word: Lambda says why
                message = f"RequestId: {invocation.request_id} {error['errorMessage']}"
                error = {**error, "errorMessage": message}
                self._say(events.RuntimeFailed(message, error["errorType"]))
            return Outcome(error=error, status="error", error_type=error["errorType"])
        finally:
            self._current = None
        ended = invocation.aftermath or outcome
        if ended.error is not None and ended.error_type is not None:
            self._say(events.RuntimeFailed(ended.error["errorMessage"], ended.error["errorType"]))
            return outcome._replace(status=ended.status, error_type=ended.error_type)
        if self.status is Status.BUSY:
            self.status = Status.READY
            self._drain()
            self._freeze_soon()
        return outcome

    def _hand_over(self, invocation: Invocation, deadline_ms: int) -> None:
        self.status, self._current = Status.BUSY, invocation
        self._at_rest.clear()
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
            self._log.flush()

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
        self._at_rest.set()
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
        self._at_rest.set()
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
        self._at_rest.set()
        if self._ending is None:
            self._settle_all("Runtime.ExitError", exit_reason(return_code))
            self._reset(self._end_reason)

    def _admits(self, client: Address, server: Address) -> bool:
        """Serve this environment's processes alone: another function's could take its events."""
        return self._runtime is not None and self._runtime.has_called(client, server)

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

    def _say(self, event: events.PlatformEvent) -> None:
        """Add what Lambda itself says to the log, after what the function has written so far."""
        self._drain()
        self._log.add_platform(event)

    def _init_start(self) -> events.InitStart:
        return events.InitStart(
            self._initialization_type,
            self._sandbox.runtime(self.function).version(self.function),
            f"arn:aws:lambda:{self.function.region}::runtime:serverless-lab",
            self.function.name,
            self.function.version,
            instance_id=self.log_stream,
            memory_mb=self.function.memory_mb,
        )

    def _say_initialized(
        self, phase: str, begun: float, status: str = events.SUCCESS, error_type: str | None = None
    ) -> float:
        """Say that an Init phase is over, and return its milliseconds."""
        kind, duration_ms = self._initialization_type, (time.monotonic() - begun) * 1000
        self._say(events.InitRuntimeDone(kind, phase, status, error_type))
        self._say(events.InitReport(kind, phase, duration_ms, status, error_type))
        return duration_ms

    @property
    def _initialization_type(self) -> str:
        return "provisioned-concurrency" if self.provisioned else "on-demand"

    def _drain(self) -> None:
        if self._runtime is not None:
            self._runtime.drain()

    def _on_output(self) -> None:
        if not self._serving:  # what a function writes when nobody waits for it
            self._log.flush()

    def _measure_memory(self) -> int:
        """Return the most memory the environment has used so far, in MB."""
        if self._runtime is not None:
            self._max_memory_mb = max(self._max_memory_mb, self._runtime.max_memory_mb())
        return self._max_memory_mb


def _log_stream(function: Function) -> str:
    """Return the name of a new environment's log stream. In a log group of one's own it names the function.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
    """
    own_group = function.log_group == f"/aws/lambda/{function.name}"
    name = "" if own_group else function.name
    return f"{datetime.now(UTC):%Y/%m/%d}/{name}[{function.version}]{uuid.uuid4().hex}"
