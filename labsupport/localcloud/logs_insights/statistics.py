"""The command `stats`: numbers over all rows, or over those that share a value or a period.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Stats.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.logs_insights.expressions import Expression, Expressions
from labsupport.localcloud.logs_insights.problem import MalformedQuery
from labsupport.localcloud.logs_insights.scanner import Scanner
from labsupport.localcloud.logs_insights.values import Row, Time, number

UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

Columns = list[tuple[str, Expression]]
Aggregate = Callable[[list[float]], float]
AGGREGATES: dict[str, Aggregate] = {
    "sum": math.fsum,
    "avg": lambda values: math.fsum(values) / len(values),
    "min": min,
    "max": max,
}


class Aggregates(Expressions):
    """Reads expressions about a group of rows, such as `max(@duration) / 1000`."""

    def name(self, name: str) -> Expression:
        """Refuse a field by itself: a group has many values of it."""
        raise MalformedQuery(f"stats needs a function of {name}, such as count({name}) or max({name}).")

    def call(self, function: str) -> Expression:
        """Read the arguments of a function over the rows of a group."""
        if function == "count" and (self.scanner.take("*") or self.scanner.take(")", peek=True)):
            return lambda rows: float(len(rows))
        if function not in (*AGGREGATES, "count", "pct"):
            raise MalformedQuery.outside(f"The function {function} in stats")
        value = Expressions(self.scanner).sum()
        if function == "count":
            return lambda rows: float(sum(value(row) is not None for row in rows))
        aggregate = self._percentile() if function == "pct" else AGGREGATES[function]
        return lambda rows: _over(aggregate, [value(row) for row in rows])

    def _percentile(self) -> Aggregate:
        self.scanner.expect(",")
        percent = float(self.scanner.read("number"))
        return lambda values: percentile(values, percent)


def percentile(values: list[float], percent: float) -> float:
    """Return the least value below or at which a part of all lies."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]


def read(scanner: Scanner) -> tuple[list[str], Callable[[list[Row]], list[Row]]]:
    """Read the command. Return the names of its columns, and what makes its rows."""
    groups = Expressions(scanner)
    statistics = columns(scanner, Aggregates(scanner).sum)
    keys = columns(scanner, lambda: _key(groups)) if scanner.take("by") else []

    def summarise(rows: list[Row]) -> list[Row]:
        found: dict[tuple[Any, ...], list[Row]] = {} if keys else {(): []}
        for row in rows:
            found.setdefault(tuple(key(row) for _, key in keys), []).append(row)
        return [
            {name: value for (name, _), value in zip(keys, values, strict=True)}
            | {name: statistic(group) for name, statistic in statistics}
            for values, group in found.items()
        ]

    return [name for name, _ in (*keys, *statistics)], summarise


def columns(scanner: Scanner, read_one: Callable[[], Expression]) -> Columns:
    """Read expressions with commas between them, each with its name: what stands after `as`, or its text."""
    found: Columns = []
    while not found or scanner.take(","):
        begin = scanner.position
        expression = read_one()
        name = scanner.since(begin).strip("`")
        found.append((scanner.read("name") if scanner.take("as") else name, expression))
    return found


def _key(expressions: Expressions) -> Expression:
    scanner = expressions.scanner
    if not scanner.take("bin"):
        return expressions.sum()
    scanner.expect("(")
    period = scanner.read("period")
    scanner.expect(")")
    unit = period.lstrip("0123456789")
    length_ms = int(period.removesuffix(unit)) * UNITS_MS[unit]
    if not length_ms:
        raise MalformedQuery(f"bin({period}) is no period.")
    return lambda row: Time(row["@timestamp"].ms // length_ms * length_ms) if "@timestamp" in row else None


def _over(aggregate: Aggregate, values: list[Any]) -> float | None:
    if any(isinstance(value, Time) for value in values):
        raise MalformedQuery.outside("A function of a time in stats")
    numbers = [found for value in values if (found := number(value)) is not None]
    return aggregate(numbers) if numbers else None
