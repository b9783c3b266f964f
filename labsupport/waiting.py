"""Waiting for AWS: for a condition, or until a call is no longer refused. Every wait has a deadline."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from botocore.exceptions import ClientError

from labsupport.errors import DeployError

Answer = TypeVar("Answer")
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
QUIET_SECONDS = 10.0
TOLD_EVERY_SECONDS = 15.0


def error_code(error: ClientError) -> str:
    """Return AWS's code of an error, such as "ResourceNotFoundException"."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextlib.contextmanager
def tolerate(*codes: str) -> Iterator[None]:
    """Go on where AWS answers with one of these error codes, such as "already gone"."""
    try:
        yield
    except ClientError as error:
        if error_code(error) not in codes:
            raise


def wait_until(
    condition: Callable[[], Answer | None],
    *,
    doing: str,
    timeout_seconds: float = 60,
    next_step: str = "Run the cell again. If it happens again, look at the function's logs.",
    progress: Callable[[str], object] = print,
) -> Answer:
    """Ask until the answer is true, and return it. What takes long says so now and then.

    Raises:
        DeployError: the answer was never true within the time.
    """
    deadline = time.monotonic() + timeout_seconds
    patience = _Patience(doing, timeout_seconds, progress)
    for pause_seconds in pauses():
        if answer := condition():
            return answer
        patience.tell()
        if time.monotonic() + pause_seconds > deadline:
            break
        time.sleep(pause_seconds)
    raise DeployError(
        doing=doing, cause=f"it did not happen within {timeout_seconds:g} s.", next_step=next_step
    )


def retry_while(
    refused: Callable[[ClientError], bool],
    call: Callable[[], Answer],
    *,
    timeout_seconds: float,
    doing: str = "waiting for AWS",
    progress: Callable[[str], object] = print,
) -> Answer:
    """Make a call again while AWS refuses it for a reason that passes. What takes long says so now and then.

    Raises:
        botocore.exceptions.ClientError: AWS's last answer, once the time is over or for any other reason.
    """
    deadline = time.monotonic() + timeout_seconds
    patience = _Patience(doing, timeout_seconds, progress)
    for pause_seconds in pauses():
        try:
            return call()
        except ClientError as error:
            if not refused(error) or time.monotonic() + pause_seconds > deadline:
                raise
        patience.tell()
        time.sleep(pause_seconds)
    raise AssertionError("the pauses never end")


class _Patience:
    """Say what is waited for, once it takes longer than somebody watches without asking why."""

    def __init__(self, doing: str, timeout_seconds: float, progress: Callable[[str], object]) -> None:
        self.doing, self.timeout_seconds, self.progress = doing, timeout_seconds, progress
        self.began = time.monotonic()
        self.next_seconds = QUIET_SECONDS

    def tell(self) -> None:
        passed = time.monotonic() - self.began
        if passed >= self.next_seconds:
            self.next_seconds = passed + TOLD_EVERY_SECONDS
            doing = self.doing[:1].upper() + self.doing[1:]
            self.progress(f"{doing}: {passed:.0f} s so far, {self.timeout_seconds:g} s at most.")


def pauses() -> Iterator[float]:
    """Yield how long to wait each time: short first, then longer, without end."""
    pause_seconds = FIRST_PAUSE_SECONDS
    while True:
        yield pause_seconds
        pause_seconds = min(pause_seconds * 1.5, LONGEST_PAUSE_SECONDS)
