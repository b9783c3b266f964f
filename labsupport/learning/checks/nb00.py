"""The checks of 00_start_here."""

from __future__ import annotations

from collections.abc import Iterator

from labsupport.learning.checks import Cloud, Point
from labsupport.naming import log_group_name

GREETED = "Lan"
MEMORY_MB = 256


def greet(cloud: Cloud) -> Iterator[Point]:
    """Look for the greeting in the function's log."""
    said = _lines(cloud, '"Saying hello to"')
    last = said[-1].removeprefix("Saying hello to ") if said else "nobody yet"
    yield Point(
        f"the log says that {GREETED} was greeted",
        ok=any(line.endswith(f" {GREETED}") for line in said),
        wrong=f"The last one greeted is {last}.",
        look="Which key does the handler read out of the event?",
    )


def memory(cloud: Cloud) -> Iterator[Point]:
    """Ask for the function's memory and for the rest of its settings."""
    settings = _settings(cloud)
    yield Point(
        f"the function has {MEMORY_MB} MB",
        ok=settings["MemorySize"] == MEMORY_MB,
        wrong=f"It has {settings['MemorySize']} MB.",
        look="UpdateFunctionConfiguration has a member MemorySize.",
    )
    yield Point(
        "its timeout is still 3 seconds",
        ok=settings["Timeout"] == 3,
        wrong=f"It is {settings['Timeout']} seconds.",
        look="The timeout is another setting. Leave it out.",
    )


def works(cloud: Cloud) -> Iterator[Point]:
    """Ask whether the function is there and has run, and for what the exercises left in the cloud."""
    state = _settings(cloud)["State"]
    yield Point("the function is active", ok=state == "Active", wrong=f"It is {state}.", look="Run Step 2.")
    reports = _lines(cloud, '"REPORT RequestId"')
    yield Point("it has run", ok=bool(reports), wrong="Its log has no REPORT line.", look="Run Step 3.")
    yield from greet(cloud)
    yield from memory(cloud)


def to_128_mb(cloud: Cloud) -> None:
    """Give the function its first memory size and timeout back."""
    aws_lambda = cloud.client("lambda")
    aws_lambda.update_function_configuration(FunctionName=cloud.name("hello"), MemorySize=128, Timeout=3)
    aws_lambda.get_waiter("function_updated_v2").wait(FunctionName=cloud.name("hello"))


def forget_greetings(cloud: Cloud) -> None:
    """Delete the function's log: the next greeting is the first one."""
    logs, group = cloud.client("logs"), log_group_name(cloud.name("hello"))
    for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]:
        logs.delete_log_stream(logGroupName=group, logStreamName=stream["logStreamName"])


def _settings(cloud: Cloud) -> dict[str, str | int]:
    found: dict[str, str | int] = cloud.client("lambda").get_function_configuration(
        FunctionName=cloud.name("hello")
    )
    return found


def _lines(cloud: Cloud, pattern: str) -> list[str]:
    """Return the log's lines that contain a pattern, oldest first."""
    group = log_group_name(cloud.name("hello"))
    pages = cloud.client("logs").get_paginator("filter_log_events")
    events = [
        event
        for page in pages.paginate(logGroupName=group, filterPattern=pattern)
        for event in page["events"]
    ]
    return [event["message"].strip() for event in sorted(events, key=lambda event: event["timestamp"])]


CHECKS = {"greet": greet, "memory": memory, "works": works}
RESETS = {"greet": forget_greetings, "memory": to_128_mb}
