"""A prediction beside what was measured (introduced in 00_start_here)."""

from __future__ import annotations

from dataclasses import dataclass

from labsupport.learning.predictions import Comparison
from labsupport.views.card import card, inline, paragraph

NOT_GUESSED = "You ran on without a prediction. Guess next time: what surprises us is what we remember."


@dataclass(frozen=True)
class ComparisonCard:
    """Show a comparison; `unattended`: nobody was there to guess."""

    comparison: Comparison
    unattended: bool = False

    def _repr_html_(self) -> str:
        cells = [("predicted", self.comparison.guess or "–"), ("measured", self.comparison.measured)]
        row = "".join(
            f'<span style="margin-right: 28px">{name} <b>{inline(words)}</b></span>' for name, words in cells
        )
        kind = {True: "good", False: "note", None: "note"}[self.comparison.good]
        return card("Compare", f'<p style="margin: 6px 0 0 0">{row}</p>{paragraph(self._gap)}', kind=kind)

    def __repr__(self) -> str:
        guess = self.comparison.guess or "nothing"
        return f"predicted {guess}, measured {self.comparison.measured}. {self._gap}".rstrip()

    @property
    def _gap(self) -> str:
        if self.comparison.guess is None:
            return "" if self.unattended else NOT_GUESSED
        return self.comparison.gap
