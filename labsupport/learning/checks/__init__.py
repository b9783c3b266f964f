"""Is an exercise solved? The cloud is asked, and every point says what is wrong and where to look.

A check never changes anything: it makes calls that read, and no other. It must refuse the unsolved state and
the usual wrong solutions; `tests/notebooks/test_exercises.py` shows that of each one.

Each notebook has a module `nbNN` with two dictionaries: CHECKS, by exercise, and RESETS, which take the cloud
back to where the exercise begins.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from labsupport import naming
from labsupport.errors import LabError
from labsupport.learning.points import CheckResult, Point
from labsupport.target import Target

__all__ = ["CheckResult", "Cloud", "Point", "keys", "reset", "run_check"]


@dataclass(frozen=True)
class Cloud:
    """What a check may use: clients, and the names of what the learner built."""

    target: Target

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        return self.target.client(service)

    def name(self, thing: str) -> str:
        """Return the full name of a thing."""
        return naming.resource_name(self.target.owner, thing)


Check = Callable[[Cloud], Iterator[Point]]
Reset = Callable[[Cloud], None]


def run_check(target: Target, key: str) -> CheckResult:
    """Ask the cloud whether an exercise is solved.

    Args:
        target: where.
        key: such as "05.permission".

    Raises:
        LabError: there is no such check.
    """
    check = _find(key, "CHECKS")
    points: list[Point] = []
    with target.tape.plumbing():
        try:
            for point in check(Cloud(target)):
                points.append(point)
        except ClientError as error:
            points.append(_not_there(error))
    return CheckResult(key, tuple(points))


def reset(target: Target, key: str) -> None:
    """Take the cloud back to where an exercise begins.

    Raises:
        LabError: there is no such exercise.
    """
    with target.tape.plumbing():
        _find(key, "RESETS")(Cloud(target))


def keys(number: str) -> list[str]:
    """Return the keys of a notebook's checks."""
    return [f"{number}.{name}" for name in _module(number).CHECKS]


def _find(key: str, table: str) -> Any:
    number, _, name = key.partition(".")
    found: dict[str, Any] = getattr(_module(number), table)
    if name not in found:
        raise LabError(
            doing=f"looking for the check {key}",
            cause="there is none of this name.",
            next_step=f"Use one of: {', '.join(found) or 'none'}.",
        )
    return found[name]


def _module(number: str) -> Any:
    try:
        return importlib.import_module(f"{__name__}.nb{number}")
    except ModuleNotFoundError as error:
        raise LabError(
            doing=f"looking for the checks of notebook {number}",
            cause="it has none.",
            next_step="Use the number of a notebook with exercises, such as 05.",
        ) from error


def _not_there(error: ClientError) -> Point:
    """Turn AWS's refusal into a point: what the check asked for isn't there."""
    details = error.response["Error"]
    return Point(
        f"{error.operation_name} finds what it asks for",
        ok=False,
        wrong=f"AWS answers {details.get('Code')}: {details.get('Message', '')}",
        look="Run the notebook's cells above this one first.",
    )
