"""The checks of 02_memory_and_cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labsupport.learning.checks import Cloud, Point
from labsupport.logs import Report, parse_report
from labsupport.naming import log_group_name

SMALLEST_MB, ONE_VCPU_MB = 128, 1769
FAST_ENOUGH_MB = 3 * SMALLEST_MB  # a third of the time is three times the CPU share
MOST_USED, LEAST_USED = 0.9, 0.4
WORK_SECONDS = 2


def choose(cloud: Cloud) -> Iterator[Point]:
    """Ask for the memory of both functions."""
    password, mailbox = _memory(cloud, "password"), _memory(cloud, "mailbox")
    yield Point(
        "password has CPU enough for a third of the time",
        ok=password >= FAST_ENOUGH_MB,
        wrong=f"It has {password:,} MB.",
        look="CPU comes in proportion to memory. How many times the smallest setting does it take?",
    )
    yield Point(
        "password pays for no CPU that one thread can't use",
        ok=password <= ONE_VCPU_MB,
        wrong=f"It has {password:,} MB.",
        look="Where is the knee in the picture?",
    )
    yield Point(
        "mailbox has the cheapest setting",
        ok=mailbox == SMALLEST_MB,
        wrong=f"It has {mailbox:,} MB.",
        look="Does waiting get faster with memory?",
    )


def margin(cloud: Cloud) -> Iterator[Point]:
    """Read in the newest REPORT line of `collect` how much of its memory it used."""
    memory_mb, report = _memory(cloud, "collect"), _newest_report(cloud, "collect")
    fits = report is not None and report.memory_mb == memory_mb
    used = report.max_memory_mb / report.memory_mb if report is not None and fits else 0.0
    yield Point(
        "collect came to its end with this memory",
        ok=fits and report is not None and report.status is None,
        wrong="The newest REPORT line has an error." if fits else f"It has not run with {memory_mb:,} MB.",
        look="Give it more, and invoke it.",
    )
    yield Point(
        "a tenth of the memory stays free",
        ok=fits and used <= MOST_USED,
        wrong=f"It used {used:.0%} of {memory_mb:,} MB." if fits else "",
        look="The next file that is slightly larger would end it.",
    )
    yield Point(
        "it doesn't pay for much that it never uses",
        ok=fits and used >= LEAST_USED,
        wrong=f"It used {used:.0%} of {memory_mb:,} MB." if fits else "",
        look="Each MB is paid for in each GB-second.",
    )


def settings(cloud: Cloud) -> Iterator[Point]:
    """Ask for all decisions of the notebook."""
    yield from choose(cloud)
    yield from margin(cloud)
    seconds = int(_configuration(cloud, "mailbox")["Timeout"])
    yield Point(
        "mailbox has time enough",
        ok=seconds > WORK_SECONDS,
        wrong=f"Its timeout is {seconds} s.",
        look="Step 7's fix.",
    )


def colleagues_choice(cloud: Cloud) -> None:
    """Give both functions what the exercise begins with."""
    _change(cloud, "password", MemorySize=256)
    _change(cloud, "mailbox", MemorySize=1024)


def too_little(cloud: Cloud) -> None:
    """Give `collect` too little memory."""
    _change(cloud, "collect", MemorySize=SMALLEST_MB)


def _configuration(cloud: Cloud, thing: str) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("lambda").get_function_configuration(FunctionName=cloud.name(thing))
    return found


def _memory(cloud: Cloud, thing: str) -> int:
    return int(_configuration(cloud, thing)["MemorySize"])


def _newest_report(cloud: Cloud, thing: str) -> Report | None:
    pages = cloud.client("logs").get_paginator("filter_log_events")
    group, pattern = log_group_name(cloud.name(thing)), '"REPORT RequestId"'
    events = [
        event
        for page in pages.paginate(logGroupName=group, filterPattern=pattern)
        for event in page["events"]
    ]
    newest = max(events, key=lambda event: event["timestamp"], default=None)
    return parse_report(newest["message"]) if newest else None


def _change(cloud: Cloud, thing: str, **changed: Any) -> None:
    aws_lambda = cloud.client("lambda")
    aws_lambda.update_function_configuration(FunctionName=cloud.name(thing), **changed)
    aws_lambda.get_waiter("function_updated_v2").wait(FunctionName=cloud.name(thing))


CHECKS = {"choose": choose, "margin": margin, "settings": settings}
RESETS = {"choose": colleagues_choice, "margin": too_little}
