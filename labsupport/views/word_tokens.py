"""A sentence in boxes: a word in each, and under it one mark for each token that it takes (notebook 09)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from labsupport.views.look import MONOSPACED, block

EDGE = "1px solid currentColor"


@dataclass(frozen=True)
class WordTokens:
    """Show sentences by name: HTML in a notebook, text everywhere else.

    Attributes:
        sentences: words with the number of their tokens, by what the sentence is called.
    """

    sentences: Mapping[str, Sequence[tuple[str, int]]]

    def _repr_html_(self) -> str:
        parts = [
            f"<p style='margin: 0.6em 0 0.2em 0'><b>{escape(name)}</b>: {_sum(words)}</p>"
            f"<div style='display: flex; flex-wrap: wrap; gap: 4px'>{''.join(map(_box, words))}</div>"
            for name, words in self.sentences.items()
        ]
        return block("".join(parts))

    def __repr__(self) -> str:
        lines = [
            f"{name}: {_sum(words)}\n    {' '.join(f'{word}[{tokens}]' for word, tokens in words)}"
            for name, words in self.sentences.items()
        ]
        return "\n".join(lines)


def _sum(words: Sequence[tuple[str, int]]) -> str:
    total = sum(tokens for _, tokens in words)
    characters = len(" ".join(word for word, _ in words))
    return f"{len(words)} words, {characters} characters, {total} tokens"


def _box(counted: tuple[str, int]) -> str:
    word, tokens = counted
    weight = "; border-width: 2px" if tokens > 1 else ""
    label = f"{word}: {tokens} {'token' if tokens == 1 else 'tokens'}"
    marks = "▪" * tokens
    return (
        f'<span title="{escape(label)}" style="border: {EDGE}; border-radius: 4px; padding: 1px 6px; '
        f'text-align: center{weight}"><span style="{MONOSPACED}">{escape(word)}</span><br>'
        f'<span style="font-size: 80%" aria-label="{escape(label)}">{marks}</span></span>'
    )
