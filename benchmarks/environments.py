"""Two hundred execution environments at once: how long they take to come and go, and what each one weighs."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil

from benchmarks.figure import Figure, seconds
from benchmarks.service import TRIVIAL, lambda_service, make_function
from labsupport.localcloud.lambda_service.provisioned import Provision

ENVIRONMENTS = 200


def measure() -> Iterator[Figure]:
    here = psutil.Process()
    with lambda_service() as service:
        before = here.memory_info().rss
        provision = service.provision(make_function(TRIVIAL), ENVIRONMENTS)
        yield Figure(f"{ENVIRONMENTS} environments initialised", seconds(lambda: _wait(provision)))
        memory = [
            child.memory_full_info() for child in here.children() if "bootstrap.py" in str(child.cmdline())
        ]
        assert len(memory) == ENVIRONMENTS
        own_mb = sum(each.uss for each in memory) / ENVIRONMENTS / 1e6
        yield Figure("Memory of its own, for each of them", own_mb, unit="MB")
        added_mb = (here.memory_info().rss - before) / ENVIRONMENTS / 1e6
        yield Figure("Memory that it adds to the service", added_mb, unit="MB")

        def release() -> None:
            service.release(provision)
            service.wait_until_quiet()

        yield Figure(f"{ENVIRONMENTS} environments ended", seconds(release))


def _wait(provision: Provision) -> None:
    while provision.status == "IN_PROGRESS":
        time.sleep(0.01)
    assert provision.status == "READY", provision.reason
