"""Conditions put together: what is in parentheses comes first, then &&, then ||.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#matching-terms-json-log-events
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from labsupport.localcloud.filter_patterns.problem import InvalidPattern

# The order matters: "..." is no word, and "!=" no "=".
TOKENS = re.compile(
    r"""\s*(?:
    (?P<text>"(?:\\.|[^"\\])*")
    |(?P<expression>%[^%]*%)
    |(?P<selector>\$(?:\.(?:[A-Za-z0-9_-]+|\*|\['[^']+'\])|\[(?:\d+|\*)\])+)
    |(?P<sign>&&|\|\||!=|<=|>=|[=<>(),]|\.\.\.)
    |(?P<word>[A-Za-z0-9_.*+-]+)
    |(?P<other>[^\sA-Za-z0-9_]+)
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
REGULAR_EXPRESSIONS = 2

Value = TypeVar("Value")
Condition = Callable[[Value], bool]


class Tokens:
    """What a pattern is made of, read from the left."""

    def __init__(self, inside: str) -> None:
        """Take what stands between the brackets of a pattern.

        Raises:
            InvalidPattern: characters that mean nothing, or too many regular expressions.
        """
        found = [match for match in TOKENS.finditer(inside.strip()) if match.lastgroup]
        for match in found:
            if match.lastgroup == "other":
                raise InvalidPattern.characters(match["other"])
        if sum(match.lastgroup == "expression" for match in found) > REGULAR_EXPRESSIONS:
            raise InvalidPattern(f"A pattern has at most {REGULAR_EXPRESSIONS} regular expressions.")
        self._tokens = [(str(match.lastgroup), match[str(match.lastgroup)]) for match in found]
        self._next = 0

    @property
    def kind(self) -> str:
        """Return the kind of what comes next, or "end"."""
        return self._tokens[self._next][0] if self._next < len(self._tokens) else "end"

    def take(self, *texts: str) -> str | None:
        """Pass one of these texts, if it comes next."""
        if self.kind in ("sign", "word") and self._tokens[self._next][1] in texts:
            return self._pass()
        return None

    def expect(self, what: str, *kinds: str) -> str:
        """Pass a token of one of these kinds.

        Raises:
            InvalidPattern: another one comes next, or none.
        """
        if self.kind not in kinds:
            raise self.missing(what)
        return self._pass() if self.kind != "end" else ""

    def missing(self, what: str) -> InvalidPattern:
        """Return what to say when something else comes next, or nothing."""
        comes = "it ends" if self.kind == "end" else f"{self._tokens[self._next][1]} comes"
        return InvalidPattern(f"Where the pattern should have {what}, {comes}.")

    def _pass(self) -> str:
        self._next += 1
        return self._tokens[self._next - 1][1]


def alternatives(tokens: Tokens, read_one: Callable[[], Condition[Value]]) -> Condition[Value]:
    """Read conditions with && and || between them; `read_one` reads one of them."""
    found = [_together(tokens, read_one)]
    while tokens.take("||"):
        found.append(_together(tokens, read_one))
    return lambda value: any(each(value) for each in found)


def _together(tokens: Tokens, read_one: Callable[[], Condition[Value]]) -> Condition[Value]:
    found = [read_one()]
    while tokens.take("&&"):
        found.append(read_one())
    return lambda value: all(each(value) for each in found)
