"""What one check of `./lab doctor` found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """Say how much a finding matters: a warning names something that the lab can do without."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """Hold a check's mark, what was found in one line, and what to do about it (None when all is well)."""

    mark: Mark
    text: str
    next_step: str | None = None


def passed(text: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(Mark.PASS, text)


def warned(text: str, next_step: str) -> Finding:
    """Return a finding with which the lab works, though not in every way."""
    return Finding(Mark.WARN, text, next_step)


def failed(text: str, next_step: str) -> Finding:
    """Return a finding that keeps the lab from working."""
    return Finding(Mark.FAIL, text, next_step)
