"""The Shutdown phase: how much time a runtime and its extensions get to say good-bye.

* No extension: none. The processes are killed.
* Internal extensions only: the runtime gets SIGTERM and 500 ms.
* External extensions: the runtime gets SIGTERM and 300 ms, then the extensions get the SHUTDOWN event.
  All together have 2 s; an extension that didn't register for SHUTDOWN has nothing to wait for.

Whatever is left then is killed.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown
"""

from __future__ import annotations

import asyncio
import contextlib
import signal

from labsupport.localcloud.lambda_service.extensions import Extensions
from labsupport.localcloud.lambda_service.runtime_process import RuntimeProcess

INTERNAL_SECONDS, EXTERNAL_SECONDS, RUNTIME_SECONDS = 0.5, 2.0, 0.3
# A process that was stopped a moment ago may get the signal on a thread that isn't Python's main one, and
# would then notice it only when the main thread wakes up.
SETTLE_SECONDS = 0.01


async def shut_down(runtime: RuntimeProcess, extensions: Extensions, reason: str) -> None:
    """End a runtime and its extensions, and wait until they are gone.

    Args:
        runtime: the process group.
        extensions: who registered in it.
        reason: "spindown", "timeout" or "failure".
    """
    extensions.registration_closed = True
    if extensions.registered:
        limit = EXTERNAL_SECONDS if extensions.external else INTERNAL_SECONDS
        runtime.thaw()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await _end_runtime(runtime, RUNTIME_SECONDS if extensions.external else limit)
                extensions.tell_shutdown(reason, seconds=limit - RUNTIME_SECONDS)
                await extensions.all_ended()
    await runtime.kill()


async def _end_runtime(runtime: RuntimeProcess, seconds: float) -> None:
    if runtime.runtime_ended.is_set():
        return
    await asyncio.sleep(SETTLE_SECONDS)
    runtime.signal_runtime(signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await runtime.runtime_ended.wait()
            return
    runtime.signal_runtime(signal.SIGKILL)
