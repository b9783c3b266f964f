"""A small table: HTML in a notebook, aligned text everywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Table:
    """Show rows under headers. Numbers stand at the right.

    Attributes:
        headers: one for each column.
        rows: cells; each is shown as `str` shows it, and None as an empty cell.
        caption: a line below, or "".
        right: which columns stand at the right, by their headers.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[object]]
    caption: str = ""
    right: Sequence[str] = ()

    def _repr_html_(self) -> str:
        heads = self._html_row("th", self.headers)
        body = "".join(self._html_row("td", _texts(row)) for row in self.rows)
        caption = f"<p>{escape(self.caption)}</p>" if self.caption else ""
        return f"<table><thead>{heads}</thead><tbody>{body}</tbody></table>{caption}"

    def __repr__(self) -> str:
        lines = [list(self.headers), *map(_texts, self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = [self._text_row(line, widths) for line in lines]
        return "\n".join([*texts, *([self.caption] if self.caption else [])])

    def _html_row(self, tag: str, cells: Sequence[str]) -> str:
        aligned = (
            f'<{tag} style="text-align: {self._side(header)}">{escape(cell)}</{tag}>'
            for header, cell in zip(self.headers, cells, strict=True)
        )
        return f"<tr>{''.join(aligned)}</tr>"

    def _text_row(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        aligned = (
            cell.rjust(width) if self._side(header) == "right" else cell.ljust(width)
            for header, cell, width in zip(self.headers, cells, widths, strict=True)
        )
        return "  ".join(aligned).rstrip()

    def _side(self, header: str) -> str:
        return "right" if header in self.right else "left"


def _texts(row: Sequence[object]) -> list[str]:
    return [_text(cell) for cell in row]


def _text(cell: object) -> str:
    if isinstance(cell, list | tuple):
        return ", ".join(map(_text, cell))
    return "" if cell is None else str(cell)
