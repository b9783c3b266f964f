"""The AWS calls of a cell as a table: each unfolds to its AWS CLI equivalent and the IAM actions it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Protocol

from labsupport.iam_actions import actions_for
from labsupport.views.look import MONOSPACED, PALE, block, code, fold, paragraph


class Content(Protocol):
    """What a file holds; `str` says how much it is."""

    @property
    def text(self) -> str | None:
        """The content itself, where it is a short text."""


class File(Protocol):
    """A file that a command needs."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def content(self) -> Content:
        """What it has to hold."""


class Command(Protocol):
    """An AWS CLI command."""

    @property
    def line(self) -> str:
        """The command, for a shell."""

    @property
    def files(self) -> Sequence[File]:
        """Files that have to be there before it is run."""


class Call(Protocol):
    """What the tape knows of a call; `str` gives its lines of text."""

    service: str
    operation: str
    parameters: dict[str, Any]
    plumbing: bool
    seconds: float | None
    http_status: int | None
    error_code: str | None
    model: Any

    def command(self) -> Command:
        """Return the AWS CLI equivalent."""


class CallTable(list[Call]):
    """Calls that show themselves: HTML in a notebook, text everywhere else."""

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "No AWS call."

    def _repr_html_(self) -> str:
        rows = "".join(fold(_summary(call), _details(call)) for call in self)
        return block(rows or paragraph(repr(self)))


def _summary(call: Call) -> str:
    took = "" if call.seconds is None else f"{call.seconds * 1000:,.0f} ms"
    answer = str(call.error_code or call.http_status or "no answer yet")
    colour = "color: var(--jp-error-color1, inherit); font-weight: bold" if call.error_code else ""
    whose = f' <span style="{PALE}">by the lab</span>' if call.plumbing else ""
    return (
        _column(f"{call.service} {call.operation}", f"min-width: 24em; {MONOSPACED}")
        + _column(answer, f"min-width: 8em; {colour}")
        + _column(took, f"min-width: 5em; text-align: right; {PALE}")
        + whose
    )


def _column(text: str, style: str) -> str:
    return f'<span style="display: inline-block; padding-right: 1em; {style}">{escape(text)}</span>'


def _details(call: Call) -> str:
    command = call.command()
    tool = "the AWS CLI" if call.model else "curl"
    parts = [paragraph(f"The same call with {tool}:"), code(command.line)]
    for file in command.files:
        parts += [paragraph(f"with this in {file.name}:"), code(file.content.text or str(file.content))]
    return "".join([*parts, _permissions(call)])


def _permissions(call: Call) -> str:
    if call.model is None:  # an HTTP request: who may call an API is the API's own matter
        return ""
    actions = actions_for(call.service, call.operation, call.parameters, http_method=_http_method(call.model))
    if actions is None:
        return ""
    if not actions:
        return paragraph("It needs no permission.")
    names = ", ".join(f'<code style="{MONOSPACED}">{escape(action)}</code>' for action in actions)
    return f'<p style="margin: 0.3em 0">It needs permission for {names}</p>'


def _http_method(model: Any) -> str:
    http: Mapping[str, str] = model.http
    return http["method"]
