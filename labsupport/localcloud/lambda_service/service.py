"""The Lambda service: invocations come in from any thread, environments live on one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from labsupport.localcloud.lambda_service.code_store import CodeStore
from labsupport.localcloud.lambda_service.environment import ExecutionEnvironment
from labsupport.localcloud.lambda_service.function import Function, InvocationResult
from labsupport.localcloud.lambda_service.function_log import LogWriter
from labsupport.localcloud.lambda_service.governor import Governor
from labsupport.localcloud.lambda_service.guard import Guard
from labsupport.localcloud.lambda_service.invocation import InitFailure, Invocation
from labsupport.localcloud.lambda_service.pool import EnvironmentPool
from labsupport.localcloud.lambda_service.provisioned import Provision, Provisioner
from labsupport.localcloud.lambda_service.runtime_process import Keepers
from labsupport.localcloud.lambda_service.sandbox import Place, Sandbox, Walls

# AWS keeps an idle environment "for some time". Five minutes keep a lesson warm and a laptop free;
# LAB_IDLE_SECONDS makes it short enough to be watched.
IDLE_SECONDS = 300.0

Result = TypeVar("Result")


class LambdaService:
    """Run functions in execution environments."""

    def __init__(
        self,
        directory: Path,
        *,
        write_log: LogWriter,
        on_change: Callable[[], None] = lambda: None,
        walls: Walls | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Work below `directory`; `on_change` is called after each invocation.

        `walls` None means: as high as the host allows.
        """
        self._directory, self._write_log, self._on_change = directory, write_log, on_change
        self._idle_seconds = idle_seconds
        self._code = CodeStore(directory / "code")
        self._keepers = Keepers(Governor(), Guard())
        self._pool = EnvironmentPool(self._create)
        self._provisioner = Provisioner(
            lambda function: self._create(function, provisioned=True),
            add=self._pool.add,
            stop=lambda environment: self._stop_soon([environment]),
        )
        self._background: set[asyncio.Task[None]] = set()
        self._reaper: asyncio.TimerHandle | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lambda-service", daemon=True)
        self._thread.start()
        # Asking the host takes a new process: meanwhile the control plane goes on starting.
        self._sandbox_ready = threading.Event()
        threading.Thread(target=self._prepare, args=(walls,), name="sandbox-probe", daemon=True).start()

    @property
    def sandbox_description(self) -> str:
        """Say in words what separates a function from this machine."""
        return self._ready_sandbox().walls.value

    def invoke(
        self, function: Function, payload: bytes, request_id: str, trace_id: str | None = None
    ) -> InvocationResult:
        """Invoke a function and wait for its result. Call it from any thread but the service's own."""
        with contextlib.suppress(InitFailure):  # which is the environment's to tell
            self._ready_sandbox().runtime(function)  # looking for it may take a moment: not on the event loop
        return self._await(self._invoke(function, payload, request_id, trace_id))

    def retire(self, name: str, version: str | None = None) -> None:
        """Let no environment of a function (or of one version of it) take another invocation."""

        def wanted(environment: ExecutionEnvironment) -> bool:
            return environment.function.name == name and version in (None, environment.function.version)

        self._loop.call_soon_threadsafe(lambda: self._stop_soon(self._pool.retire(wanted)))

    def provision(self, function: Function, count: int) -> Provision:
        """Initialise `count` environments ahead of time. Returns at once; the result tells how far it is."""
        provision = Provision(function, count)
        self._loop.call_soon_threadsafe(lambda: self._run_soon(self._provisioner.fill(provision)))
        return provision

    def release(self, provision: Provision) -> None:
        """Give provisioned environments up."""
        provision.cancelled = True
        self._loop.call_soon_threadsafe(
            lambda: self._stop_soon(self._pool.retire(lambda each: each in provision.environments))
        )

    def wait_until_quiet(self) -> None:
        """Wait until every environment that was told to stop is gone."""
        self._await(self._background_done())

    def close(self) -> None:
        """End every environment and the event loop; leave no file."""
        self._await(self._stop_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._keepers.governor.close()
        self._keepers.guard.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    # On the event loop

    async def _invoke(
        self, function: Function, payload: bytes, request_id: str, trace_id: str | None
    ) -> InvocationResult:
        environment, outdated = self._pool.acquire(function)
        self._stop_soon(outdated)
        in_use = self._pool.provisioned_in_use(function)
        try:
            result = await environment.invoke(Invocation(request_id, payload, function.invoked_arn, trace_id))
            return replace(result, provisioned=environment.provisioned, provisioned_in_use=in_use)
        finally:
            if not self._pool.release(environment):
                self._stop_soon([environment])
            self._reap_when_due()
            self._on_change()

    def _create(self, function: Function, *, provisioned: bool = False) -> ExecutionEnvironment:
        place = Place.make(
            Path(tempfile.mkdtemp(dir=self._directory, prefix="environment-")),
            task=self._code.unpack([function.code]),
            opt=self._code.unpack(function.layers) if function.layers else None,
            tmp_mb=function.ephemeral_storage_mb,
        )
        return ExecutionEnvironment(
            function,
            place,
            sandbox=self._ready_sandbox(),
            keepers=self._keepers,
            write_log=self._write_log,
            provisioned=provisioned,
        )

    def _reap(self) -> None:
        """Stop what nobody has used for a while."""
        oldest = time.monotonic() - self._idle_seconds
        self._stop_soon(self._pool.take_idle(lambda each: each.last_used <= oldest and not each.provisioned))
        self._reaper = None
        self._reap_when_due()

    def _reap_when_due(self) -> None:
        """See to it that somebody looks when the next environment has been idle for too long."""
        if self._reaper is not None:
            return
        last_used = [each.last_used for each in self._pool.idle() if not each.provisioned]
        if last_used:
            due_seconds = min(last_used) + self._idle_seconds - time.monotonic()
            self._reaper = self._loop.call_later(due_seconds, self._reap)

    def _stop_soon(self, environments: Iterable[ExecutionEnvironment]) -> None:
        for environment in environments:
            self._run_soon(environment.stop())

    def _run_soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _background_done(self) -> None:
        await asyncio.gather(*self._background)

    async def _stop_all(self) -> None:
        await asyncio.gather(*(environment.stop() for environment in self._pool.all()), *self._background)

    # From other threads

    def _await(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _prepare(self, walls: Walls | None) -> None:
        self._sandbox = Sandbox(self._directory, walls=walls)
        self._sandbox_ready.set()

    def _ready_sandbox(self) -> Sandbox:
        self._sandbox_ready.wait()
        return self._sandbox
