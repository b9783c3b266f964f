"""A card: a box with a title and a coloured edge, for what the lab asks and says of it."""

from __future__ import annotations

import re
from html import escape

from labsupport.views.look import PALE, SHADE, block

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
    style = f"border-left: 4px solid {EDGES[kind]}; {SHADE}; padding: 8px 14px; margin: 4px 0"
    return block(f"<b>{escape(title)}</b>{body}", style=style)


def words(text: str, *, pale: bool = False) -> str:
    """Return a paragraph of plain words, with `code` and **bold** as in Markdown."""
    return f'<p style="margin: 6px 0 0 0; {PALE if pale else ""}">{inline(text)}</p>'


def inline(text: str) -> str:
    """Return words as HTML: `code` and **bold** as in Markdown, everything else as it stands."""
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", shown)
