"""How the lab's HTML looks, so that it fits JupyterLab's themes and a page without them.

Colours are JupyterLab's CSS variables; where there are none, neutral ones that suit light and dark. There is
no style sheet and no script, which an untrusted notebook would lose. It loses the colours, and still reads.
"""

from __future__ import annotations

from html import escape

PALE = "color: var(--jp-ui-font-color2, inherit)"
BORDER = "1px solid var(--jp-border-color2, rgba(128, 128, 128, 0.4))"
SHADE = "background: var(--jp-layout-color2, rgba(128, 128, 128, 0.12))"
MONOSPACED = "font-family: var(--jp-code-font-family, monospace)"
TEXT = "font-family: var(--jp-content-font-family, sans-serif); line-height: 1.5; max-width: 60em"


def block(body: str, *, style: str = "") -> str:
    """Return HTML in a block of its own. In it a dollar is a dollar: JupyterLab would take $...$ for TeX."""
    return f'<div class="tex2jax_ignore mathjax_ignore" style="{TEXT}; {style}">{body}</div>'


def paragraph(text: str, *, style: str = "") -> str:
    """Return a paragraph of plain text."""
    return f'<p style="margin: 0.3em 0; {style}">{escape(text)}</p>'


def fold(summary: str, body: str) -> str:
    """Return what unfolds at a click, or at Enter on its summary. Both are HTML."""
    return (
        f'<details style="margin: 0.3em 0"><summary style="cursor: pointer">{summary}</summary>'
        f'<div style="margin: 0.3em 0 0.8em 1.1em">{body}</div></details>'
    )


def code(text: str) -> str:
    """Return a block of code that keeps its lines and breaks the long ones."""
    style = f"white-space: pre-wrap; overflow-wrap: anywhere; padding: 0.5em 0.8em; margin: 0.3em 0; {SHADE}"
    return f'<pre style="{style}; {MONOSPACED}">{escape(text)}</pre>'
