"""Measure a function at several memory settings: set the memory, invoke, read the REPORT lines.

AWS Lambda Power Tuning, an open-source tool, does the same in an account of your own; AWS's page on memory
names it: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from labsupport.errors import LabError
from labsupport.invocation import invoke_function
from labsupport.logs import Report
from labsupport.memory_curve import MemoryCurve, MemorySetting
from labsupport.resources.function import wait_until_ready
from labsupport.target import Target

MOST_COLD_STARTS = 3  # one after the change; Lambda may make another environment at any time


def sweep_memory(
    target: Target,
    name: str,
    payload: Any = None,
    *,
    memory_mb: Sequence[int],
    times: int = 3,
    progress: Callable[[str], None] = print,
) -> MemoryCurve:
    """Measure a function at each memory setting (introduced in 02_memory_and_cost).

    The first invocation after a change is a cold start, and doesn't count. Of the warm ones after it, the one
    with the median duration stands for the setting. The function keeps the largest setting.

    Args:
        target: where.
        name: full name of the function.
        payload: the event of each invocation.
        memory_mb: the settings; they are measured from the smallest to the largest.
        times: how many warm invocations; an odd number has a median.
        progress: is told what begins, and each setting's durations.

    Raises:
        LabError: an invocation failed, or too many were cold starts.
        botocore.exceptions.ClientError: Lambda refused a setting.
    """
    progress(f"Measuring {len(memory_mb)} settings, each with a cold start and {times} warm invocations.")
    settings = []
    for memory in sorted(memory_mb):
        with target.tape.plumbing():
            target.client("lambda").update_function_configuration(FunctionName=name, MemorySize=memory)
            wait_until_ready(target, name)
            warm = _warm_starts(target, name, payload, times)
        settings.append(_median(warm))
        durations = " ".join(f"{report.duration_ms:6,.0f}" for report in warm)
        progress(f"{memory:>6,} MB: {durations} ms → ${settings[-1].million_dollars:.2f} a million")
    return MemoryCurve(tuple(settings))


def _warm_starts(target: Target, name: str, payload: Any, times: int) -> list[Report]:
    warm: list[Report] = []
    for _ in range(MOST_COLD_STARTS + times):
        report = _report(target, name, payload)
        if report.init_ms is None:
            warm.append(report)
        if len(warm) == times:
            return warm
    raise _failure(name, f"{MOST_COLD_STARTS + times} invocations had {len(warm)} warm starts among them.")


def _report(target: Target, name: str, payload: Any) -> Report:
    answer = invoke_function(target, name, payload)
    if answer.failed:
        raise _failure(name, f"it failed with {answer.error_type}: {answer.error_message}")
    if answer.report is None:
        raise _failure(name, "its log is longer than 4 KB, so the answer has no REPORT line.")
    return answer.report


def _median(reports: Sequence[Report]) -> MemorySetting:
    report = sorted(reports, key=lambda report: report.duration_ms)[(len(reports) - 1) // 2]
    return MemorySetting(report.memory_mb, report.duration_ms, report.billed_ms, report.max_memory_mb)


def _failure(name: str, cause: str) -> LabError:
    return LabError(
        doing=f"measuring {name}",
        cause=cause,
        next_step=f"Look at its log: lab.logs({name!r}). Correct the function or its settings.",
    )
