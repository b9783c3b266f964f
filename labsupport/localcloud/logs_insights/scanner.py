"""A query's text, read from the left: names, numbers, texts and signs."""

from __future__ import annotations

import re

from labsupport.localcloud.logs_insights.problem import MalformedQuery

SPACE = re.compile(r"(?:\s|#[^\n]*)*")
TOKENS = re.compile(
    r"""(?P<period>\d+(?:ms|s|m|h|d)\b)
    |(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<name>`[^`]+`|[A-Za-z_@][A-Za-z0-9_.@]*)
    |(?P<sign>=~|!=|<=|>=|[-=<>()*/%+,|\[\]])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
REGULAR_EXPRESSION = re.compile(r"/((?:\\.|[^/\\])+)/", re.DOTALL)


class Scanner:
    """A query, and how far it has been read."""

    def __init__(self, query: str) -> None:
        """Take a query. Comments begin with #."""
        self._query, self._at = query, 0
        self._skip(0)

    @property
    def kind(self) -> str:
        """Return the kind of what comes next: period, number, text, name, sign or end."""
        if self._at == len(self._query):
            return "end"
        match = TOKENS.match(self._query, self._at)
        if match is None:
            raise MalformedQuery(f"unexpected symbol found: {self.rest}")
        return str(match.lastgroup)

    @property
    def rest(self) -> str:
        """Return some of what comes next, to show it."""
        return self._query[self._at : self._at + 40] or "the end of the query"

    @property
    def position(self) -> int:
        """Return how far the query has been read."""
        return self._at

    def since(self, position: int) -> str:
        """Return what has been read since a position, as it stands there."""
        return self._query[position : self._at].strip()

    def take(self, *texts: str, peek: bool = False) -> str | None:
        """Pass one of these names or signs, which have no case, if it comes next; with `peek` stay there."""
        if self.kind in ("name", "sign"):
            match = TOKENS.match(self._query, self._at)
            if match and match[0].lower() in texts:
                if not peek:
                    self._skip(match.end())
                return match[0].lower()
        return None

    def expect(self, *texts: str) -> str:
        """Pass one of these names or signs.

        Raises:
            MalformedQuery: something else comes next.
        """
        found = self.take(*texts)
        if found is None:
            raise MalformedQuery(f"expected {' or '.join(texts)}, found: {self.rest}")
        return found

    def read(self, *kinds: str) -> str:
        """Pass a token of one of these kinds, and return it without its quotation marks.

        Raises:
            MalformedQuery: something else comes next.
        """
        kind = self.kind
        match = TOKENS.match(self._query, self._at)
        if kind not in kinds or match is None:
            raise MalformedQuery(f"expected a {' or a '.join(kinds)}, found: {self.rest}")
        self._skip(match.end())
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", match[0][1:-1], flags=re.DOTALL)
        return match[0].strip("`")

    def regular_expression(self) -> re.Pattern[str] | None:
        """Pass a regular expression between slashes, if one comes next.

        Raises:
            MalformedQuery: it is none.
        """
        match = REGULAR_EXPRESSION.match(self._query, self._at)
        if match is None:
            return None
        self._skip(match.end())
        # Java's groups have names, too, and another sign before them.
        expression = re.sub(r"\(\?<(?![=!])", "(?P<", match[1].replace(r"\/", "/"))
        try:
            return re.compile(expression)
        except re.error as error:
            raise MalformedQuery(f"/{match[1]}/ can't be read as a regular expression: {error}") from None

    def _skip(self, position: int) -> None:
        space = SPACE.match(self._query, position)
        self._at = space.end() if space else position
