"""A query: commands with | between them, each of which takes the rows that the one before it left.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from labsupport.localcloud.logs_insights import statistics
from labsupport.localcloud.logs_insights.expressions import Expression, Expressions, truth
from labsupport.localcloud.logs_insights.problem import MalformedQuery
from labsupport.localcloud.logs_insights.scanner import Scanner
from labsupport.localcloud.logs_insights.values import Row, number, text

DEFAULT_COLUMNS = ["@timestamp", "@message"]
MOST_ROWS = 10_000

Command = Callable[[list[Row]], list[Row]]


class Answer(NamedTuple):
    """What a query has found.

    Attributes:
        rows: what they show, column by column. A column that a row doesn't have is missing.
        matched: how many events were left by the filters.
    """

    rows: list[dict[str, str]]
    matched: int


class Query:
    """A query, read."""

    def __init__(self, query: str) -> None:
        """Read a query.

        Raises:
            MalformedQuery: it is wrong, or outside of what is here.
        """
        self._scanner = Scanner(query)
        self._commands: list[tuple[str, Command]] = []
        self._columns: list[str] = []
        self._is_displayed = self._has_stats = False
        readers: dict[str, Callable[[], Command]] = {
            "fields": self._fields,
            "display": self._display,
            "filter": self._filter,
            "parse": self._parse,
            "sort": self._sort,
            "limit": self._limit,
            "stats": self._stats,
        }
        while True:
            name = self._scanner.take(*readers)
            if name is None:
                raise MalformedQuery.outside(f"The command in {self._scanner.rest!r}")
            self._commands.append((name, readers[name]()))
            if self._scanner.kind == "end":
                break
            self._scanner.expect("|")

    def run(self, rows: list[Row], limit: int | None = None) -> Answer:
        """Ask the query about rows (`events.row`), the newest first."""
        matched, is_events = len(rows), True
        for name, command in self._commands:
            rows = command(rows)
            is_events = is_events and name != "stats"
            if name == "filter" and is_events:
                matched = len(rows)
        rows = rows[: min(limit or MOST_ROWS, MOST_ROWS)]
        columns = self._columns or DEFAULT_COLUMNS
        if not self._has_stats:
            columns = [*dict.fromkeys(columns), "@ptr"]
        shown = [{name: text(row[name]) for name in columns if row.get(name) is not None} for row in rows]
        return Answer(shown, matched)

    def _fields(self) -> Command:
        columns = statistics.columns(self._scanner, Expressions(self._scanner).sum)
        if not self._is_displayed:
            self._columns += [name for name, _ in columns]
        return lambda rows: [row | {name: value(row) for name, value in columns} for row in rows]

    def _display(self) -> Command:
        columns = statistics.columns(self._scanner, Expressions(self._scanner).sum)
        self._columns, self._is_displayed = [name for name, _ in columns], True
        return lambda rows: [row | {name: value(row) for name, value in columns} for row in rows]

    def _filter(self) -> Command:
        condition = Expressions(self._scanner).condition()
        return lambda rows: [row for row in rows if truth(condition(row))]

    def _parse(self) -> Command:
        value = Expressions(self._scanner).name(self._scanner.read("name"))
        expression = self._scanner.regular_expression()
        if expression is None:
            glob = self._scanner.read("text")
            # Each asterisk takes as little as it can; the last one takes the rest.
            pattern = "(.*?)".join(map(re.escape, glob.split("*"))) + ("$" if glob.endswith("*") else "")
            expression = re.compile(pattern, re.DOTALL)
        names = list(expression.groupindex)
        if not names:
            self._scanner.expect("as")
            names.append(self._scanner.read("name"))
            while self._scanner.take(","):
                names.append(self._scanner.read("name"))
        if len(names) != expression.groups:
            raise MalformedQuery(
                f"parse finds {expression.groups} values and has {len(names)} names for them."
            )
        return lambda rows: [row | _parsed(expression, names, value(row)) for row in rows]

    def _sort(self) -> Command:
        keys: list[tuple[Expression, bool]] = []
        while not keys or self._scanner.take(","):
            value = Expressions(self._scanner).sum()
            keys.append((value, self._scanner.take("asc", "desc") == "desc"))

        def arrange(rows: list[Row]) -> list[Row]:
            for value, is_descending in reversed(keys):
                rows = sorted(rows, key=lambda row: _rank(value(row)), reverse=is_descending)
            return rows

        return arrange

    def _limit(self) -> Command:
        wanted = int(float(self._scanner.read("number")))
        return lambda rows: rows[:wanted]

    def _stats(self) -> Command:
        if self._has_stats:
            raise MalformedQuery.outside("A second stats command")
        self._columns, summarise = statistics.read(self._scanner)
        self._has_stats = True
        return summarise


def _parsed(expression: re.Pattern[str], names: list[str], value: Any) -> dict[str, str]:
    match = None if value is None else expression.search(text(value))
    return dict(zip(names, match.groups(), strict=True)) if match else {}


def _rank(value: Any) -> tuple[int, float, str]:
    """Numbers come after texts, and what has no value before both."""
    found = number(value)
    if found is not None:
        return 2, found, ""
    return (0, 0.0, "") if value is None else (1, 0.0, text(value))
