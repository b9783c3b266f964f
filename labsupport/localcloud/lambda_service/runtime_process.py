"""The runtime of an environment as a process: started, frozen, limited, watched, ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labsupport.localcloud.lambda_service import host
from labsupport.localcloud.lambda_service.function import LogEvent
from labsupport.localcloud.lambda_service.governor import Governed, Governor
from labsupport.localcloud.lambda_service.guard import Guard
from labsupport.localcloud.lambda_service.log_pipe import LogPipe
from labsupport.localcloud.lambda_service.peers import Address, is_from
from labsupport.localcloud.lambda_service.process_group import Hold, ProcessGroup


@dataclass(frozen=True)
class Keepers:
    """Who looks after all runtimes of a service: their limits, and their end should the service be killed."""

    governor: Governor
    guard: Guard


class RuntimeProcess:
    """One process group with its log pipe and its limits. Used from the service's event loop."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        pipe: LogPipe,
        *,
        memory_mb: int,
        hidden: bool,
        keepers: Keepers,
        on_output: Callable[[], None],
        on_exit: Callable[[str], None],
    ) -> None:
        """Take a process that was just started; see `start`."""
        self.out_of_memory = False
        self._process, self._pipe, self._keepers = process, pipe, keepers
        self._memory_mb, self._on_output, self._on_exit = memory_mb, on_output, on_exit
        self._group = ProcessGroup(process.pid, hidden=hidden)
        self._governed = Governed(self._group, memory_mb, self._note_out_of_memory)
        self._max_memory_mb = 0
        keepers.governor.begin(self._governed, throttle=False)  # AWS doesn't slow the Init phase down either
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(pipe.read_fd, self._read)
        self._exited = self._loop.create_task(self._watch())
        self._runtime_pid: int | None = None
        self.runtime_ended = asyncio.Event()

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        variables: Callable[[int], Mapping[str, str]],
        folder: Path,
        *,
        pass_fds: Sequence[int],
        memory_mb: int,
        hidden: bool,
        keepers: Keepers,
        emit: Callable[[LogEvent], None],
        on_output: Callable[[], None],
        on_exit: Callable[[str], None],
    ) -> RuntimeProcess:
        """Start a runtime.

        Args:
            command: its command line.
            variables: makes its environment variables, given the descriptor that the log goes to.
            folder: where it starts.
            pass_fds: descriptors that it inherits, beside the log's.
            memory_mb: the function's memory, which limits its CPU share too.
            hidden: the process that is started hides the runtime from others, and isn't the runtime itself.
            keepers: of the service.
            emit: takes each log event.
            on_output: is called after events came that nobody had asked for.
            on_exit: is called once, with the reason in Lambda's words.
        """
        pipe = LogPipe(emit)
        try:
            process = subprocess.Popen(
                command,
                env=variables(pipe.write_fd),
                stdin=subprocess.DEVNULL,
                stdout=pipe.write_fd,
                stderr=pipe.write_fd,
                pass_fds=(pipe.write_fd, *pass_fds),
                start_new_session=True,  # one environment, one process group
                cwd=folder,
            )
            # At once: asyncio would come back to us only after whatever else it has to do, and should the
            # server be killed until then, nobody would end this process. See `launcher.launch`.
            keepers.guard.watch(process.pid)
        finally:
            os.close(pipe.write_fd)
        return cls(
            process,
            pipe,
            memory_mb=memory_mb,
            hidden=hidden,
            keepers=keepers,
            on_output=on_output,
            on_exit=on_exit,
        )

    def thaw(self) -> None:
        """Let it run, with the CPU share that its memory gives it."""
        self._group.release(Hold.FROZEN)
        self._keepers.governor.begin(self._governed, throttle=True)

    def freeze(self) -> None:
        """Stop it until the next event: no thread of the function runs between invocations."""
        self._keepers.governor.end(self._governed)
        self._group.hold(Hold.FROZEN)

    async def kill(self) -> None:
        """End it and wait until it is gone."""
        self.max_memory_mb()  # the kernel forgets it with the process
        self._group.kill()
        await asyncio.shield(self._exited)

    def runtime_started(self, number: int) -> None:
        """Take the number by which the runtime's process knows itself.

        Where there are external extensions it isn't the first one. A handler could say such a thing, too: it
        is looked for among the environment's own processes alone.
        """
        below = self._group.of_the_function()
        self._runtime_pid = next((pid for pid in below if host.own_number(pid) == number), None)

    def signal_runtime(self, number: signal.Signals) -> None:
        """Send a signal to the runtime alone."""
        pid = self._runtime_pid or next(iter(self._group.of_the_function()), None)
        if pid is not None and not self.runtime_ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def has_called(self, client: Address, server: Address) -> bool:
        """Tell whether one of its processes is the client of a connection.

        Where they aren't hidden nobody knows all of them, and it is taken for granted; likewise on a kernel
        that doesn't say.
        """
        if not self._group.hidden:
            return True
        try:
            return is_from(self._group.of_the_function(), client, server)
        except OSError:
            return True

    def drain(self) -> None:
        """Turn what it has written so far into log events."""
        if not self._exited.done():
            self._pipe.drain()
            self._pipe.flush()

    def max_memory_mb(self) -> int:
        """Return the most memory that it and its children have used at once, in MB."""
        if self.out_of_memory:
            return self._memory_mb
        first = next(iter(self._group.of_the_function()), None)
        peak_mb = host.peak_memory_mb(first) if first is not None else 0
        seen = max(peak_mb, -(-self._governed.peak_bytes >> 20))
        self._max_memory_mb = min(max(self._max_memory_mb, seen), self._memory_mb)
        return self._max_memory_mb

    def _note_out_of_memory(self) -> None:  # called from the governor's thread
        self.out_of_memory = True

    def _read(self) -> None:
        if not self._pipe.drain():
            self._loop.remove_reader(self._pipe.read_fd)
        self._on_output()

    async def _watch(self) -> None:
        return_code = await host.ended(self._process)
        self._keepers.governor.end(self._governed)
        self._group.has_ended()
        self._keepers.guard.forget(self._process.pid)
        self._loop.remove_reader(self._pipe.read_fd)
        self._pipe.drain()
        self._pipe.flush()
        self._pipe.close()
        self.runtime_ended.set()
        self._on_exit(exit_reason(return_code))


def exit_reason(return_code: int) -> str:
    """Say in Lambda's words how a runtime ended."""
    if return_code == 0:
        return "Runtime exited without providing a reason"
    if return_code > 0:
        return f"Runtime exited with error: exit status {return_code}"
    name = "killed" if return_code == -signal.SIGKILL else signal.strsignal(-return_code)
    return f"Runtime exited with error: signal: {(name or str(-return_code)).lower()}"
