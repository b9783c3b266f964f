"""An HTTP answer as it shows itself: status line, the headers that tell something, and readable JSON.

Below an error of API Gateway's own stands its card, as below an exception.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from typing import Any, Protocol

from labsupport.error_cards import failure_of_answer, recognise
from labsupport.views.error_card import ErrorCard, recognised_card
from labsupport.views.look import MONOSPACED, PALE, block, code, fold

TELLING = ("content-type", "retry-after", "x-amzn-errortype", "www-authenticate", "location", "x-cache")
TELLING_PREFIXES = ("access-control-", "x-amzn-remapped-")
TEXT_LINES, TEXT_COLUMNS = 12, 110


class Response(Protocol):
    """What is read of httpx's response."""

    status_code: int

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by lower-case name."""

    @property
    def text(self) -> str:
        """The body."""


@dataclass(frozen=True)
class HttpAnswer:
    """Show an answer: HTML in a notebook, some lines of text everywhere else.

    Attributes:
        status: such as 201.
        headers: by lower-case name.
        text: the body.
        seconds: from the request to the answer.
    """

    status: int
    headers: Mapping[str, str]
    text: str = field(repr=False)
    seconds: float = 0.0

    @classmethod
    def of(cls, response: Response, *, seconds: float) -> HttpAnswer:
        """Return the answer that a response holds."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        return cls(response.status_code, headers, response.text, seconds)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the body as data.

        Raises:
            ValueError: it isn't JSON.
        """
        return json.loads(self.text)

    @property
    def status_line(self) -> str:
        """Status, AWS's or HTTP's name of it, and how long it took."""
        known = {status.value: status.phrase for status in HTTPStatus}
        return f"{self.status} {known.get(self.status, '')}".strip() + f", {self.seconds * 1000:,.0f} ms"

    @property
    def telling_headers(self) -> dict[str, str]:
        """The headers that a learner wants to see."""
        return {
            name: value
            for name, value in self.headers.items()
            if name in TELLING or name.startswith(TELLING_PREFIXES)
        }

    @property
    def body(self) -> str:
        """The body, JSON in readable lines."""
        try:
            return json.dumps(self.json(), indent=2, ensure_ascii=False)
        except ValueError:
            return self.text

    @property
    def card(self) -> ErrorCard | None:
        """What the lab says about an error of API Gateway's own, or None."""
        failure = failure_of_answer(self.status, self.headers, self.text)
        card = recognise(failure) if failure else None
        return recognised_card(card) if card else None

    def __repr__(self) -> str:
        lines = self.body.splitlines()
        if len(lines) > TEXT_LINES:
            lines = [*lines[: TEXT_LINES - 1], f"… {len(lines) - TEXT_LINES + 1} more lines"]
        card = [f"({self.card.title}.)"] if self.card else []
        return "\n".join([self.status_line, *(_short(line) for line in lines), *card])

    def _repr_html_(self) -> str:
        line = f'<div style="{MONOSPACED}; font-weight: bold">{escape(self.status_line)}</div>'
        headers = _headers(self.telling_headers)
        rest = {name: value for name, value in self.headers.items() if name not in self.telling_headers}
        folded = fold(f"{len(rest)} more headers", _headers(rest)) if rest else ""
        card = self.card._repr_html_() if self.card else ""
        return block(f"{line}{headers}{code(self.body) if self.body else ''}{folded}{card}")


def _headers(headers: Mapping[str, str]) -> str:
    return "".join(
        f'<div style="{MONOSPACED}; {PALE}">{escape(name)}: {escape(value)}</div>'
        for name, value in headers.items()
    )


def _short(line: str) -> str:
    return line if len(line) <= TEXT_COLUMNS else line[: TEXT_COLUMNS - 1] + "…"
