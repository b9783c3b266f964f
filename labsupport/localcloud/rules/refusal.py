"""How AWS refuses a request: an error code, a sentence and an HTTP status."""

from __future__ import annotations

from typing import NamedTuple


class Refusal(NamedTuple):
    """What the caller gets instead of an answer."""

    code: str
    message: str
    status: int = 400


def invalid_parameter(message: str) -> Refusal:
    """Return Lambda's refusal of a value that is well-formed and can't be used."""
    return Refusal("InvalidParameterValueException", message)
