"""A cold start against the least that a new Python process can take, and against AWS's client in one."""

from __future__ import annotations

import statistics
import subprocess
from collections.abc import Iterator

import awslambdaric

from benchmarks.figure import Figure, seconds
from benchmarks.service import TRIVIAL, invoke, lambda_service, make_function
from labsupport.localcloud.lambda_service.sandbox import base_interpreter

TIMES = 31


def measure() -> Iterator[Figure]:
    packages = str(awslambdaric.__path__[0].rpartition("/")[0])
    runtime_client = f"import sys; sys.path.append({packages!r}); import awslambdaric.__main__"
    bare, client, cold = [], [], []
    with lambda_service() as service:
        for _ in range(TIMES):
            bare.append(seconds(lambda: _python("-I", "-S", "-c", "pass")))
            client.append(seconds(lambda: _python("-I", "-S", "-c", runtime_client)))
            function = make_function(TRIVIAL)
            cold.append(seconds(lambda function=function: invoke(service, function)))
    ours, least = statistics.median(cold), statistics.median(bare)
    what = "Cold start, a trivial handler"
    yield Figure(what, ours, "`python -I -S -c pass`", least, goal="≤ 4.5 ×")
    yield Figure(what, ours, "AWS's runtime client imported, no more", statistics.median(client))


def _python(*arguments: str) -> None:
    subprocess.run([base_interpreter(), *arguments], check=True)
