"""A connected target for a command, which leaves the local cloud as it found it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from labsupport.localcloud import supervisor
from labsupport.settings import Settings
from labsupport.target import Target, connect


@contextmanager
def running_cloud(settings: Settings) -> Iterator[Target]:
    """Connect, starting the local cloud if need be; at the end stop it if it wasn't running before.

    Raises:
        LabError: the cloud can't be started, or the AWS account isn't the one that the learner named.
    """
    was_running = settings.target == "aws" or supervisor.find(settings.home) is not None
    try:
        yield connect(settings)
    finally:
        if not was_running:
            supervisor.stop(settings.home)


def describe(target: Target) -> str:
    """Return where the target is, in half a line."""
    where = f"the local cloud at {target.endpoint_url}" if target.name == "local" else "AWS"
    return f"{where}, account {target.account}, {target.region}"
