"""Errors that the lab recognises, and what it says about them. The cards stand in `error_cards.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

CARDS_FILE = Path(__file__).with_suffix(".toml")
WRAPPED = re.compile(
    r"An error occurred \((?P<code>[\w.]+)\) when calling the \w+ operation(?: \([^)]*\))?: (?P<message>.*)",
    re.DOTALL,
)
"""How botocore writes an AWS error: a function that doesn't catch it fails with this message."""
_OWN_ERROR = re.compile(r'\s*\{\s*"message"\s*:\s*"(?P<message>[^"]*)"\s*\}\s*')


@dataclass(frozen=True)
class Failure:
    """What is known of an error.

    Attributes:
        types: names of the exception's class and of those that it derives from; () for a function's error;
            HttpAnswer and the API's kind for an answer.
        code: AWS's error code or a function's errorType, or "".
        message: in AWS's or Python's words; of an answer the status and API Gateway's words.
    """

    types: tuple[str, ...]
    code: str
    message: str


@dataclass(frozen=True)
class Card:
    """What the lab says about an error.

    Attributes:
        name: of the card.
        types, codes, message: what it fits, see `error_cards.toml`.
        title, means, why, do, exam: what is said; the title has {placeholders} until `recognise` fills them.
        facts: what was read out of the message, by the pattern's names.
    """

    name: str
    title: str
    means: str
    why: str
    do: str
    exam: str
    types: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    message: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    def fits(self, failure: Failure) -> bool:
        """Tell whether everything fits that the card asks for."""
        return (
            (not self.types or not {*self.types}.isdisjoint(failure.types))
            and (not self.codes or failure.code in self.codes)
            and (re.search(self.message, failure.message) is not None)
        )


@cache
def cards() -> tuple[Card, ...]:
    """Return all cards, in their order."""
    entries: list[dict[str, Any]] = tomllib.loads(CARDS_FILE.read_text(encoding="utf-8"))["card"]
    lists = ("types", "codes")
    return tuple(Card(**entry | {name: tuple(entry.get(name, ())) for name in lists}) for entry in entries)


def recognise(failure: Failure) -> Card | None:
    """Return the first card that fits, filled with what the message says, or None."""
    card = next((card for card in cards() if card.fits(failure)), None)
    if card is None:
        return None
    match = re.search(card.message, failure.message)
    found = {name: _shown(value) for name, value in (match.groupdict() if match else {}).items() if value}
    title = card.title.format(**found)
    return replace(card, title=title[0].upper() + title[1:], facts=found)


def failure_of(error: BaseException) -> Failure:
    """Return what is known of a Python exception: botocore's, or one of urllib with an answer of AWS's."""
    types = tuple(each.__name__ for each in type(error).__mro__)
    response: Any = getattr(error, "response", None)
    if isinstance(response, Mapping):
        aws = response.get("Error", {})
        return Failure(types, str(aws.get("Code", "")), str(aws.get("Message", error)))
    headers: Any = getattr(error, "headers", None)
    code = str(headers.get("x-amzn-ErrorType") or "") if hasattr(headers, "get") else ""
    return Failure(types, code.partition(":")[0], str(error))


def failure_of_function(error_type: str, error_message: str | None) -> Failure:
    """Return what is known of a function's error. One that AWS gave to the function is taken for AWS's."""
    if match := WRAPPED.search(error_message or ""):
        return Failure((), match["code"], match["message"])
    return Failure((), error_type, error_message or "")


def failure_of_answer(status: int, headers: Mapping[str, str], text: str) -> Failure | None:
    """Return what is known of an HTTP answer that is an error of API Gateway's own, or None.

    Its own errors have a message and nothing else. A function that answers just so can't be told apart.

    Args:
        status: of the answer.
        headers: by lower-case name. They tell which kind of API answered.
        text: the body.
    """
    if status < 400 or not (own := _OWN_ERROR.fullmatch(text)):
        return None
    kind = "RestApiAnswer" if "x-amz-apigw-id" in headers else "HttpApiAnswer"
    if kind == "HttpApiAnswer" and "apigw-requestid" not in headers:
        return None
    code = headers.get("x-amzn-errortype", "").partition(":")[0]
    return Failure(("HttpAnswer", kind), code, f"{status} {own['message']}")


def _shown(value: str) -> str:
    """Name a principal as people do: "the role lab-x-thumbnail" for the ARN of its session."""
    value = value.strip("\"'")
    if match := re.fullmatch(r"arn:[\w-]+:sts::\d*:assumed-role/([^/]+)/.+", value):
        return f"the role {match[1]}"
    if match := re.fullmatch(r"arn:[\w-]+:iam::\d*:(user|role)/(.+)", value):
        return f"the {match[1]} {match[2]}"
    return value
