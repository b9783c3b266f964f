"""A card: a box with a title, in the colours of JupyterLab's theme, and readable without any of them."""

from __future__ import annotations

import re
from html import escape

INK = "var(--jp-ui-font-color1, #1f2937)"
PALE = "var(--jp-ui-font-color2, #4b5563)"
PAPER = "var(--jp-layout-color2, #f3f4f6)"
# Edges that can be told apart in a light and in a dark theme. The words say the same.
EDGES = {
    "ask": "#2563eb",
    "good": "#15803d",
    "bad": "#dc2626",
    "note": "#a16207",
}


def card(title: str, body: str, *, kind: str = "note") -> str:
    """Return a card as HTML.

    Args:
        title: text.
        body: HTML.
        kind: one of EDGES.
    """
    style = (
        f"border-left: 4px solid {EDGES[kind]}; background: {PAPER}; color: {INK}; "
        "padding: 8px 14px; margin: 4px 0; line-height: 1.5; border-radius: 0 6px 6px 0; max-width: 860px"
    )
    return f'<div style="{style}"><b>{escape(title)}</b>{body}</div>'


def paragraph(text: str, *, pale: bool = False) -> str:
    """Return a paragraph of plain words, with `code` and **bold** as in Markdown."""
    colour = f"; color: {PALE}" if pale else ""
    return f'<p style="margin: 6px 0 0 0{colour}">{inline(text)}</p>'


def inline(text: str) -> str:
    """Return words as HTML: `code` and **bold** as in Markdown, everything else as it stands."""
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", shown)


def folded(summary: str, body: str, *, open_at_first: bool = False) -> str:
    """Return HTML that is one line until somebody opens it."""
    state = " open" if open_at_first else ""
    return f'<details{state} style="margin-top: 6px"><summary>{escape(summary)}</summary>{body}</details>'


def code_block(text: str) -> str:
    """Return code as it stands."""
    return f'<pre style="margin: 6px 0; white-space: pre-wrap">{escape(text)}</pre>'
