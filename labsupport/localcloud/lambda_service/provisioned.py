"""Provisioned concurrency: environments that are initialised before anybody calls.

::

    IN_PROGRESS ── all initialised ──> READY
         └──────── an Init fails ────> FAILED

https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from labsupport.localcloud.lambda_service.environment import ExecutionEnvironment
from labsupport.localcloud.lambda_service.function import Function
from labsupport.localcloud.lambda_service.invocation import InitFailure

# Initialising is work for the host's cores: more at once take longer each and are ready no sooner.
AT_ONCE = 4


@dataclass
class Provision:
    """What one alias or version has asked for, and how far it is.

    Attributes:
        requested: environments that were asked for.
        allocated: environments that are initialised.
        status: IN_PROGRESS, READY or FAILED.
        reason: why it has failed.
    """

    function: Function
    requested: int
    allocated: int = 0
    status: str = "IN_PROGRESS"
    reason: str | None = None
    environments: list[ExecutionEnvironment] = field(default_factory=list, repr=False)
    cancelled: bool = False


class Provisioner:
    """Initialise environments ahead of time and hand them to the pool. Used from one event loop."""

    def __init__(
        self,
        create: Callable[[Function], ExecutionEnvironment],
        *,
        add: Callable[[ExecutionEnvironment], None],
        stop: Callable[[ExecutionEnvironment], None],
    ) -> None:
        """Make environments with `create`, give them to `add`, end one that came to nothing with `stop`."""
        self._create, self._add, self._stop = create, add, stop
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def fill(self, provision: Provision) -> None:
        """Initialise what was asked for; the provision tells how it goes."""
        await asyncio.gather(*(self._one(provision) for _ in range(provision.requested)))
        if provision.status == "IN_PROGRESS":
            provision.status = "READY"

    async def _one(self, provision: Provision) -> None:
        async with self._at_once:
            if provision.cancelled or provision.status == "FAILED":
                return
            environment = self._create(provision.function)
            try:
                await environment.prepare()
            except InitFailure as failure:
                provision.status = "FAILED"
                provision.reason = f"FUNCTION_ERROR_INIT_FAILURE: {failure.error.get('errorMessage')}"
                self._stop(environment)
                return
            if provision.cancelled:
                self._stop(environment)
                return
            provision.environments.append(environment)
            provision.allocated += 1
            self._add(environment)
