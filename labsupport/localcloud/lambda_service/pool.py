"""The environments that exist, and which of them serves the next invocation.

One environment per simultaneous invocation. A provisioned one comes first: it is initialised already. Then
an idle one of the function's current revision, the one that was used last first. When there is none, a new
one is made.
"""

from __future__ import annotations

from collections.abc import Callable

from labsupport.localcloud.lambda_service.environment import ExecutionEnvironment
from labsupport.localcloud.lambda_service.function import Function

Key = tuple[str, str]  # ARN, version


class EnvironmentPool:
    """Idle and busy environments, by function version. Used from one event loop, so it needs no lock."""

    def __init__(self, create: Callable[[Function], ExecutionEnvironment]) -> None:
        """Make new environments with `create`."""
        self._create = create
        self._idle: dict[Key, list[ExecutionEnvironment]] = {}
        self._busy: set[ExecutionEnvironment] = set()

    def acquire(self, function: Function) -> tuple[ExecutionEnvironment, list[ExecutionEnvironment]]:
        """Take an environment. Also returns the idle ones that a change has made useless: stop them."""
        idle = self._idle.setdefault((function.arn, function.version), [])
        outdated = [environment for environment in idle if environment.function.revision != function.revision]
        idle[:] = [environment for environment in idle if environment not in outdated]
        idle.sort(key=lambda environment: environment.provisioned)  # stable: the last used stays last
        environment = idle.pop() if idle else self._create(function)
        self._busy.add(environment)
        return environment, outdated

    def add(self, environment: ExecutionEnvironment) -> None:
        """Take an environment that is ready for invocations."""
        function = environment.function
        self._idle.setdefault((function.arn, function.version), []).append(environment)

    def release(self, environment: ExecutionEnvironment) -> bool:
        """Give an environment back. Returns False when it was retired meanwhile: stop it."""
        self._busy.discard(environment)
        if environment.retired:
            return False
        self.add(environment)
        return True

    def provisioned_in_use(self, function: Function) -> int:
        """Return how many provisioned environments of a version are busy."""
        wanted = (function.arn, function.version)
        busy = (each.function for each in self._busy if each.provisioned)
        return sum((each.arn, each.version) == wanted for each in busy)

    def retire(self, wanted: Callable[[ExecutionEnvironment], bool]) -> list[ExecutionEnvironment]:
        """Take environments out of service: returns the idle ones, marks the busy ones."""
        for environment in self._busy:
            environment.retired = environment.retired or wanted(environment)
        return self.take_idle(wanted)

    def take_idle(self, wanted: Callable[[ExecutionEnvironment], bool]) -> list[ExecutionEnvironment]:
        """Take idle environments out of service and return them."""
        taken = [environment for environment in self.idle() if wanted(environment)]
        for idle in self._idle.values():
            idle[:] = [environment for environment in idle if environment not in taken]
        return taken

    def idle(self) -> list[ExecutionEnvironment]:
        """Return the environments that wait for an invocation."""
        return [environment for idle in self._idle.values() for environment in idle]

    def all(self) -> list[ExecutionEnvironment]:
        """Return every environment there is."""
        return [*self.idle(), *self._busy]
