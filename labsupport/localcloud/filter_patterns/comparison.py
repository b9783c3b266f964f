"""A comparison: an operator, and what a field's value is compared with.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#matching-terms-json-log-events
"""

from __future__ import annotations

import decimal
import operator
import re
from collections.abc import Callable
from decimal import Decimal

from labsupport.localcloud.filter_patterns import regular_expressions
from labsupport.localcloud.filter_patterns.problem import InvalidPattern

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
BARE = re.compile(r"[A-Za-z0-9_.]*")
ORDER: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
OPERATORS = ("=", "!=", *ORDER)

Holds = Callable[[str], bool]


def number(text: str) -> Decimal | None:
    """Return the number that a text is, or None."""
    if not NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except decimal.InvalidOperation:  # its exponent has twenty digits
        return None


def read(comparator: str, operand: str) -> Holds:
    """Return what tells whether a value, as text, fulfils a comparison.

    Args:
        comparator: one of OPERATORS.
        operand: as it stands in the pattern: a number, a word, a "text" or a %regular expression%.

    Raises:
        InvalidPattern: they don't fit together, or the operand is none.
    """
    limit = number(operand)
    if comparator in ORDER:
        if limit is None:
            raise InvalidPattern(f"{comparator} compares numbers, and {operand} is none.")
        compare, bound = ORDER[comparator], limit
        return lambda value: (found := number(value)) is not None and compare(found, bound)
    equals = _equals(operand, limit)
    return equals if comparator == "=" else lambda value: not equals(value)


def _equals(operand: str, limit: Decimal | None) -> Holds:
    if operand.startswith("%"):
        expression = regular_expressions.read(operand[1:-1])
        return lambda value: expression.search(value) is not None
    if limit is not None:
        return lambda value: value == operand or number(value) == limit
    if operand.startswith('"'):
        return _with_asterisks(unquoted(operand))
    if not BARE.fullmatch(operand.replace("*", "")):
        raise InvalidPattern.characters(operand)
    return _with_asterisks(operand)


def unquoted(text: str) -> str:
    """Return what stands between quotation marks; a backslash keeps the next character as it is."""
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _with_asterisks(text: str) -> Holds:
    """Return what tells whether a value is a text, whose asterisks stand for anything."""
    inner = text.strip("*")
    if "*" in inner:
        raise InvalidPattern(
            f"{text} has an asterisk in its middle. AWS's page shows what one means at the beginning and at "
            "the end; use a %regular expression% for anything else."
        )
    begins, ends = text.startswith("*"), text.endswith("*")
    if begins and ends:
        return lambda value: inner in value
    if begins:
        return lambda value: value.endswith(inner)
    return (lambda value: value.startswith(inner)) if ends else (lambda value: value == inner)
