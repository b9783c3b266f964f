"""Expressions: fields, numbers and texts, compared and calculated with.

A comparison with a field that isn't there is false.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.logs_insights.events import KNOWN
from labsupport.localcloud.logs_insights.problem import MalformedQuery
from labsupport.localcloud.logs_insights.scanner import Scanner
from labsupport.localcloud.logs_insights.values import number, text

CONSTANTS = ("true", "false", "null")

# Of a row, or in `stats` of a group of rows.
Expression = Callable[[Any], Any]
Binary = Callable[[Any, Any], Any]

ORDER: dict[str, Binary] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
ARITHMETIC: dict[str, Binary] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda one, other: one / other if other else None,
    "%": lambda one, other: one % other if other else None,
}


class Expressions:
    """Reads expressions about a row. `statistics.Aggregates` reads those about a group of rows."""

    def __init__(self, scanner: Scanner) -> None:
        """Take the query."""
        self.scanner = scanner

    def condition(self) -> Expression:
        """Read conditions with `or` between them."""
        found = [self._all()]
        while self.scanner.take("or"):
            found.append(self._all())
        return found[0] if len(found) == 1 else lambda row: any(truth(each(row)) for each in found)

    def sum(self) -> Expression:
        """Read a value: a sum, or what is simpler."""
        return self._chain(("+", "-"), lambda: self._chain(("*", "/", "%"), self._one))

    def name(self, name: str) -> Expression:
        """Return what a field's name stands for.

        Raises:
            MalformedQuery: it is one of AWS's that the local cloud doesn't have.
        """
        if name.lower() in CONSTANTS or (name.startswith("@") and name not in KNOWN):
            raise MalformedQuery.outside(name)
        return lambda row: row.get(name)

    def call(self, function: str) -> Expression:
        """Read a function's arguments and the closing parenthesis."""
        if function == "ispresent":
            value = self.sum()
            return lambda row: value(row) is not None
        if function == "strcontains":
            value, _, part = self.sum(), self.scanner.expect(","), self.sum()
            return lambda row: float(text(part(row)) in text(value(row)))
        raise MalformedQuery.outside(f"The function {function}")

    def _all(self) -> Expression:
        found = [self._negated()]
        while self.scanner.take("and"):
            found.append(self._negated())
        return found[0] if len(found) == 1 else lambda row: all(truth(each(row)) for each in found)

    def _negated(self) -> Expression:
        if self.scanner.take("not"):
            inside = self._negated()
            return lambda row: not truth(inside(row))
        return self._comparison()

    def _comparison(self) -> Expression:
        value = self.sum()
        if self.scanner.take("not"):
            self_holds = self._matching(value, self.scanner.expect("like", "in"))
            return lambda row: not self_holds(row)
        if sign := self.scanner.take("like", "=~", "in"):
            return self._matching(value, sign)
        sign = self.scanner.take("=", "!=", *ORDER)
        if sign is None:
            return value
        other = self.sum()
        return lambda row: _compare(sign, value(row), other(row))

    def _matching(self, value: Expression, sign: str) -> Expression:
        if sign == "in":
            self.scanner.expect("[")
            values = [self.sum()]
            while self.scanner.take(","):
                values.append(self.sum())
            self.scanner.expect("]")
            return lambda row: any(_compare("=", value(row), each(row)) for each in values)
        expression = self.scanner.regular_expression()
        if expression is None:
            part = self.scanner.read("text")
            return lambda row: part in text(value(row))
        return lambda row: expression.search(text(value(row))) is not None

    def _chain(self, signs: tuple[str, ...], read: Callable[[], Expression]) -> Expression:
        value = read()
        while sign := self.scanner.take(*signs):
            value = _calculated(ARITHMETIC[sign], value, read())
        return value

    def _one(self) -> Expression:
        if self.scanner.take("-"):
            return _calculated(operator.sub, lambda row: 0.0, self._one())
        if self.scanner.take("("):
            inside = self.condition()
            self.scanner.expect(")")
            return inside
        if self.scanner.kind == "number":
            constant = float(self.scanner.read("number"))
            return lambda row: constant
        if self.scanner.kind == "text":
            literal = self.scanner.read("text")
            return lambda row: literal
        name = self.scanner.read("name")
        if not self.scanner.take("("):
            return self.name(name)
        called = self.call(name.lower())
        self.scanner.expect(")")
        return called


def truth(value: Any) -> bool:
    """Tell whether a condition holds."""
    return bool(value)


def _calculated(calculate: Binary, one: Expression, other: Expression) -> Expression:
    def value(row: Any) -> Any:
        first, second = number(one(row)), number(other(row))
        return None if first is None or second is None else calculate(first, second)

    return value


def _compare(sign: str, one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    first, second = number(one), number(other)
    if first is not None and second is not None:
        compared: bool = {"=": operator.eq, "!=": operator.ne, **ORDER}[sign](first, second)
        return compared
    return (text(one) == text(other)) is (sign == "=") if sign in ("=", "!=") else False
