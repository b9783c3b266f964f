"""An error as a card: what it means, why it came, what to do. The error itself is one click away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from labsupport.error_cards import Card
from labsupport.errors import LabError
from labsupport.views.look import MONOSPACED, PALE, block, code, fold

BAR = "border-left: 4px solid var(--jp-error-color1, #d32f2f); padding: 0.2em 0 0.2em 1em; margin: 0.5em 0"


@dataclass(frozen=True)
class ErrorCard:
    """Show an error: HTML in a notebook, text everywhere else.

    Attributes:
        title: what happened. Text between backquotes is code, here and below.
        parts: paragraphs, by what they begin with.
        raw: the error itself, folded; "" leaves it out.
    """

    title: str
    parts: Mapping[str, str]
    raw: str = field(default="", repr=False)

    def _repr_html_(self) -> str:
        title = f'<p style="margin: 0.3em 0; font-weight: bold; font-size: 1.1em">{_inline(self.title)}</p>'
        parts = "".join(_paragraph(label, text) for label, text in self.parts.items())
        raw = fold("The error itself", code(self.raw)) if self.raw else ""
        return block(f"{title}{parts}{raw}", style=BAR)

    def __repr__(self) -> str:
        return "\n".join([self.title, *(f"{label}: {text}" for label, text in self.parts.items())])


def recognised_card(card: Card, raw: str = "") -> ErrorCard:
    """Show an error that the lab knows."""
    facts = "; ".join(f"{name}: `{value}`" for name, value in card.facts.items())
    parts = {"It says": facts, "It means": card.means, "Usual cause": card.why, "What to do": card.do}
    return ErrorCard(card.title, {k: v for k, v in parts.items() if v} | {"For the exam": card.exam}, raw)


def lab_error_card(error: LabError, raw: str = "") -> ErrorCard:
    """Show what the lab itself says about a failure."""
    detail = f"{error.detail}\n\n{raw}" if error.detail else raw
    cause = error.cause[:1].upper() + error.cause[1:]
    return ErrorCard(f"While {error.doing}", {"Why": cause, "What to do": error.next_step}, detail)


def refusal_card(error_type: str, message: str, raw: str = "") -> ErrorCard:
    """Show an answer of AWS's to a call of the lab's that the lab has no card for."""
    do = "Read what AWS says. If the lab should have known, report it where you got the lab."
    return ErrorCard("AWS refused what the lab asked for", {error_type: message, "What to do": do}, raw)


def our_mistake_card(error_type: str, message: str, raw: str = "") -> ErrorCard:
    """Show an exception that should never have reached a learner."""
    do = (
        "Run the cell again. If it happens again, restart the kernel and run the notebook from its top. "
        "Please report it where you got the lab: the text below is what is needed."
    )
    return ErrorCard("This is a mistake of the lab, not yours", {error_type: message, "What to do": do}, raw)


def _paragraph(label: str, text: str) -> str:
    style = PALE if label == "For the exam" else ""
    return f'<p style="margin: 0.3em 0; {style}"><strong>{escape(label)}.</strong> {_inline(text)}</p>'


def _inline(text: str) -> str:
    """Return text as HTML, with what stands between backquotes as code."""
    return re.sub("`([^`]+)`", rf'<code style="{MONOSPACED}">\1</code>', escape(text, quote=False))
