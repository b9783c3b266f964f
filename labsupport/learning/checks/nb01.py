"""The checks of 01_lambda_lifecycle."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

from labsupport.learning.checks import Cloud, Point
from labsupport.naming import log_group_name
from labsupport.packaging import zip_directory
from labsupport.settings import PROJECT

WORK_SECONDS, PATIENCE_SECONDS = 3, 10
BEST_MODULE = "client_in_init"


def client(cloud: Cloud) -> Iterator[Point]:
    """Ask which module of the package is called."""
    module = str(_settings(cloud, "starts")["Handler"]).partition(".")[0]
    yield Point(
        "every call has a client",
        ok=module.startswith("client_"),
        wrong=f"The module {module} has none.",
        look="The table in Step 3 says what each module does.",
    )
    yield Point(
        "warm calls pay nothing for it",
        ok=module == BEST_MODULE,
        wrong=f"With {module} " + ("each call creates one." if "client" in module else "there is none."),
        look="Where does the Init phase run code: inside the handler, or outside?",
    )


def timeout(cloud: Cloud) -> Iterator[Point]:
    """Ask for the timeout of `probe`."""
    seconds = _settings(cloud, "probe")["Timeout"]
    yield Point(
        f"there is more time than {WORK_SECONDS} seconds of work need",
        ok=seconds > WORK_SECONDS,
        wrong=f"The timeout is {seconds} seconds: not a millisecond of margin.",
        look="UpdateFunctionConfiguration has a member Timeout, in seconds.",
    )
    yield Point(
        f"a caller waits {PATIENCE_SECONDS} seconds at most",
        ok=seconds <= PATIENCE_SECONDS,
        wrong=f"The timeout is {seconds} seconds.",
        look="A work that hangs is paid for until the timeout ends it.",
    )


def lifecycle(cloud: Cloud) -> Iterator[Point]:
    """Ask for what the notebook has built, and for the end of an environment in a log."""
    handler = _settings(cloud, "probe")["Handler"]
    yield Point(
        "probe has its right handler",
        ok=handler == "handler.handler",
        wrong=f"It is {handler}.",
        look="Step 7's fix.",
    )
    yield from timeout(cloud)
    repaired = base64.b64encode(hashlib.sha256(zip_directory(PROJECT / "functions" / "basket")).digest())
    yield Point(
        "basket has the repaired code",
        ok=_settings(cloud, "basket")["CodeSha256"] == repaired.decode(),
        wrong="It has other code.",
        look="Step 5's fix.",
    )
    yield Point(
        "an environment was seen to end",
        ok=_was_seen_to_end(cloud),
        wrong="No log stream of probe tells of a Shutdown phase.",
        look="Step 6, from its first cell.",
    )


def client_in_handler(cloud: Cloud) -> None:
    """Let the function create a client in each call."""
    _change(cloud, "starts", Handler="client_in_handler.handler")


def one_second(cloud: Cloud) -> None:
    """Give `probe` too little time."""
    _change(cloud, "probe", Timeout=1)


def _settings(cloud: Cloud, thing: str) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("lambda").get_function_configuration(FunctionName=cloud.name(thing))
    return found


def _was_seen_to_end(cloud: Cloud) -> bool:
    group = log_group_name(cloud.name("probe"))
    pages = cloud.client("logs").get_paginator("filter_log_events")
    pattern = '"Shutdown phase ends"'
    return any(page["events"] for page in pages.paginate(logGroupName=group, filterPattern=pattern))


def _change(cloud: Cloud, thing: str, **settings: Any) -> None:
    aws_lambda = cloud.client("lambda")
    aws_lambda.update_function_configuration(FunctionName=cloud.name(thing), **settings)
    aws_lambda.get_waiter("function_updated_v2").wait(FunctionName=cloud.name(thing))


CHECKS = {"client": client, "timeout": timeout, "lifecycle": lifecycle}
RESETS = {"client": client_in_handler, "timeout": one_second}
