"""The checks of 03_concurrency."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from labsupport.learning.checks import Cloud, Point
from labsupport.naming import log_group_name
from labsupport.packaging import zip_directory
from labsupport.settings import PROJECT
from labsupport.waiting import tolerate

CONNECTIONS = 5
REQUESTS_A_SECOND, SECONDS_A_REQUEST = 6, 0.7


def reserve(cloud: Cloud) -> Iterator[Point]:
    """Ask how much concurrency is reserved for `busy`."""
    reserved = _reserved(cloud)
    found = "Nothing is reserved." if reserved is None else f"The reservation is {reserved}."
    yield Point(
        f"the database never gets more than {CONNECTIONS} connections",
        ok=reserved is not None and reserved <= CONNECTIONS,
        wrong=found,
        look="A reservation is also a cap, and each environment opens one connection.",
    )
    yield Point(
        f"{REQUESTS_A_SECOND} requests a second of {SECONDS_A_REQUEST} s each find an environment",
        ok=reserved is None or reserved >= REQUESTS_A_SECOND * SECONDS_A_REQUEST,
        wrong=found,
        look="Requests per second × seconds per request: Step 2.",
    )


def repair(cloud: Cloud) -> Iterator[Point]:
    """Read in the log what the orders came to, since `receipt` was last changed."""
    lines = _lines_since_the_change(cloud)
    yield _comes_to(lines, 7, "with a decimal comma", "9.00", "A text can't be added up, and a comma counts.")
    yield _comes_to(lines, 1, "with plain numbers", "21.00", "Most prices are numbers. Take them as well.")


def concurrency(cloud: Cloud) -> Iterator[Point]:
    """Ask for the repaired function, its destination, and what limits `busy` or costs money."""
    yield from repair(cloud)
    yield Point(
        "an event that fails is kept in the queue receipt-failed",
        ok=_on_failure(cloud).endswith(f":{cloud.name('receipt-failed')}"),
        wrong="receipt has another on-failure destination, or none.",
        look="Step 6, from its first cell.",
    )
    reserved = _reserved(cloud)
    yield Point(
        "nothing limits busy",
        ok=reserved is None,
        wrong=f"The reservation is {reserved}.",
        look="Step 4 takes it away.",
    )
    kept = cloud.client("lambda").list_provisioned_concurrency_configs(FunctionName=cloud.name("busy"))
    yield Point(
        "nothing is provisioned, which would be charged",
        ok=not kept["ProvisionedConcurrencyConfigs"],
        wrong="Environments are kept ready, used or not.",
        look="The last cell of Step 5 deletes them.",
    )


def three_reserved(cloud: Cloud) -> None:
    """Reserve 3 for `busy`, as the step did."""
    cloud.client("lambda").put_function_concurrency(
        FunctionName=cloud.name("busy"), ReservedConcurrentExecutions=3
    )


def unrepaired(cloud: Cloud) -> None:
    """Give `receipt` its first code back."""
    aws_lambda, name = cloud.client("lambda"), cloud.name("receipt")
    aws_lambda.update_function_code(
        FunctionName=name, ZipFile=zip_directory(PROJECT / "functions" / "receipt")
    )
    aws_lambda.get_waiter("function_updated_v2").wait(FunctionName=name)


def _reserved(cloud: Cloud) -> int | None:
    """Return the reserved concurrency of `busy`, or None without one."""
    answer = cloud.client("lambda").get_function_concurrency(FunctionName=cloud.name("busy"))
    reserved: int | None = answer.get("ReservedConcurrentExecutions")
    return reserved


def _lines_since_the_change(cloud: Cloud) -> list[str]:
    """Return what `receipt` has logged since its last change, oldest first: another code wrote the rest."""
    settings = cloud.client("lambda").get_function_configuration(FunctionName=cloud.name("receipt"))
    changed = datetime.fromisoformat(settings["LastModified"])
    group, start = log_group_name(cloud.name("receipt")), int(changed.timestamp() * 1000)
    pages, events = cloud.client("logs").get_paginator("filter_log_events"), []
    with tolerate("ResourceNotFoundException"):  # nothing was logged yet
        for page in pages.paginate(logGroupName=group, startTime=start):
            events += page["events"]
    return [event["message"].strip() for event in sorted(events, key=lambda event: event["timestamp"])]


def _comes_to(lines: list[str], order: int, what: str, total: str, look: str) -> Point:
    totals = [line.partition(": ")[2] for line in lines if line.startswith(f"Order {order}: ")]
    errors = [line.partition("\n")[0] for line in lines if line.startswith("[ERROR] ")]
    if totals:
        wrong = f"It comes to {totals[-1]}."
    elif errors:
        wrong = f"The log has no total of it. The newest line with an error: {errors[-1]}"
    else:
        wrong = "It wasn't sent since receipt was last changed. Run the exercise of Step 6."
    right = totals[-1:] == [total]
    return Point(f"order {order}, {what}, comes to {total}", ok=right, wrong=wrong, look=look)


def _on_failure(cloud: Cloud) -> str:
    """Return the ARN of `receipt`'s on-failure destination; "" without one."""
    with tolerate("ResourceNotFoundException"):
        found = cloud.client("lambda").get_function_event_invoke_config(FunctionName=cloud.name("receipt"))
        return str(found.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", ""))
    return ""


CHECKS = {"reserve": reserve, "repair": repair, "concurrency": concurrency}
RESETS = {"reserve": three_reserved, "repair": unrepaired}
