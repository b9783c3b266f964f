"""The extensions of one execution environment: who has registered, who waits, who is told what.

An extension is *external* when it is a program in /opt/extensions, which Lambda starts before the runtime,
and *internal* when it is a part of the runtime's own process. The environment is idle, and can be frozen,
when the runtime and every extension wait for their next event.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

INVOKE, SHUTDOWN = "INVOKE", "SHUTDOWN"


class ExtensionRefused(Exception):
    """A request of an extension that the Extensions API refuses."""

    def __init__(self, error_type: str, message: str, status: int = 400) -> None:
        """Carry what the extension reads in the answer."""
        super().__init__(message)
        self.error_type, self.message, self.status = error_type, message, status


@dataclass(eq=False)
class Extension:
    """One registered extension.

    Attributes:
        events: INVOKE, SHUTDOWN, both or none.
        external: a process of its own.
        waiting: it has asked for its next event and got none yet.
    """

    name: str
    events: Sequence[str]
    external: bool
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))
    waiting: bool = False
    inbox: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)


class Extensions:
    """All extensions of one environment. Used from the service's event loop, so it needs no lock."""

    def __init__(self, *, on_waiting: Callable[[], None], on_failure: Callable[[str, str], None]) -> None:
        """Keep who wants to know.

        Args:
            on_waiting: is called when an extension asks for its next event.
            on_failure: takes an error type and a message when an extension fails or ends too early.
        """
        self._on_waiting, self._on_failure = on_waiting, on_failure
        self.registered: list[Extension] = []
        self.registration_closed = False
        self._expected: list[str] = []  # programs that were started, by file name
        self._running: set[str] = set()
        self._shutting_down = False
        self._watchers: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    @property
    def external(self) -> list[Extension]:
        """The ones that are processes of their own."""
        return [extension for extension in self.registered if extension.external]

    @property
    def idle(self) -> bool:
        """Whether every extension waits for its next event."""
        return self._all_registered() and all(extension.waiting for extension in self.registered)

    # What the extensions say

    def started(self, names: Sequence[str]) -> None:
        """Take the names of the programs in /opt/extensions, before they run."""
        self._expected, self._running = list(names), set(names)

    def register(self, name: str, events: Sequence[str]) -> Extension:
        """Register an extension.

        Raises:
            ExtensionRefused: the name or an event isn't right, or the Init phase is over.
        """
        external = name in self._expected
        if self.registration_closed:
            raise ExtensionRefused("Extension.RegistrationClosed", "The Init phase is over.", 403)
        if any(extension.name == name for extension in self.registered):
            raise ExtensionRefused("Extension.AlreadyRegistered", f"{name} has registered before.", 403)
        if unknown := set(events) - {INVOKE, SHUTDOWN}:
            raise ExtensionRefused("Extension.InvalidEventType", f"There are no events {sorted(unknown)}.")
        if SHUTDOWN in events and not external:
            message = "Only external extensions can register for SHUTDOWN."
            raise ExtensionRefused("ShutdownEventNotSupportedForInternalExtension", message)
        extension = Extension(name, list(events), external)
        self.registered.append(extension)
        self._notice()
        return extension

    async def next_event(self, identifier: str) -> dict[str, Any]:
        """Wait for an extension's next event.

        Raises:
            ExtensionRefused: no extension has this identifier.
        """
        extension = self._find(identifier)
        extension.waiting = extension.inbox.empty()
        self._notice()
        self._on_waiting()
        event = await extension.inbox.get()
        extension.waiting = False
        return event

    def failed(self, identifier: str, error_type: str, message: str) -> None:
        """Take an extension's own word that it can't go on."""
        self._find(identifier)
        self._on_failure(error_type, message)

    def ended(self, name: str, reason: str) -> None:
        """Take the end of an external extension's process."""
        self._running.discard(name)
        if not self._shutting_down:
            self._on_failure("Extension.Crash", f"{name}: {reason}")
        self._notice()

    # What the environment asks and tells

    async def all_registered(self) -> None:
        """Wait until every program that was started has registered: then the runtime may start."""
        await self._until(self._all_registered)

    async def all_idle(self) -> None:
        """Wait until every extension waits for its next event."""
        await self._until(lambda: self.idle)

    async def all_ended(self) -> None:
        """Wait until the processes that were told of the end are gone. The others have nothing to finish."""
        told = {extension.name for extension in self.external if SHUTDOWN in extension.events}
        await self._until(lambda: not told & self._running)

    def tell_invoke(self, request_id: str, invoked_arn: str, *, deadline_ms: int, trace_id: str) -> None:
        """Send INVOKE to those who registered for it."""
        event = {
            "eventType": INVOKE,
            "deadlineMs": deadline_ms,
            "requestId": request_id,
            "invokedFunctionArn": invoked_arn,
            "tracing": {"type": "X-Amzn-Trace-Id", "value": trace_id},
        }
        self._tell(INVOKE, event)

    def tell_shutdown(self, reason: str, *, seconds: float) -> None:
        """Send SHUTDOWN: "spindown", "timeout" or "failure", and how long there is still time."""
        self._shutting_down = True
        deadline_ms = int((time.time() + seconds) * 1000)
        self._tell(SHUTDOWN, {"eventType": SHUTDOWN, "shutdownReason": reason, "deadlineMs": deadline_ms})

    def _tell(self, kind: str, event: dict[str, Any]) -> None:
        for extension in self.registered:
            if kind in extension.events:
                extension.waiting = False
                extension.inbox.put_nowait(event)

    def _find(self, identifier: str) -> Extension:
        for extension in self.registered:
            if extension.identifier == identifier:
                return extension
        raise ExtensionRefused("Extension.UnknownExtensionIdentifier", f"Unknown: {identifier!r}", 403)

    def _all_registered(self) -> bool:
        return set(self._expected) <= {extension.name for extension in self.registered}

    async def _until(self, condition: Callable[[], bool]) -> None:
        if not condition():
            watcher = (condition, asyncio.get_running_loop().create_future())
            self._watchers.append(watcher)
            await watcher[1]

    def _notice(self) -> None:
        for condition, future in list(self._watchers):
            if condition():
                self._watchers.remove((condition, future))
                if not future.done():  # whoever waited may have run out of time
                    future.set_result(None)
