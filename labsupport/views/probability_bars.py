"""Bars of probabilities that move with temperature and top-p (notebook 09_bedrock_summary).

Live in a running notebook; without a kernel a picture of three temperatures.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import ipywidgets as widgets
from matplotlib.figure import Figure

from labsupport.views.look import MONOSPACED, PALE, block
from labsupport.views.png import Picture, as_png

Probabilities = Callable[..., Mapping[str, float]]
PRINTED_TEMPERATURES = (0.2, 0.7, 1.5)
FILL, EDGE, INK = "#1d4ed8", "#0f172a", "#1f2937"
SLIDER: dict[str, Any] = {"style": {"description_width": "90px"}, "layout": {"width": "420px"}}


class ProbabilityBars(widgets.VBox):  # type: ignore[misc]  # ipywidgets publishes no types
    """Show what each candidate's probability is, with a slider for temperature and one for top-p."""

    def __init__(self, scores: Mapping[str, float], probabilities: Probabilities) -> None:
        """Take the candidates' scores, and what makes probabilities of them."""
        self._scores, self._probabilities = scores, probabilities
        self.temperature = widgets.FloatSlider(
            value=0.7, min=0.0, max=2.0, step=0.1, description="temperature", **SLIDER
        )
        self.top_p = widgets.FloatSlider(
            value=1.0, min=0.1, max=1.0, step=0.05, description="top-p", **SLIDER
        )
        self._bars = widgets.HTML()
        for slider in (self.temperature, self.top_p):
            slider.observe(lambda _: self._draw(), names="value")
        super().__init__([self.temperature, self.top_p, self._bars])
        self.add_class("lab-probability-bars")
        self._draw()

    @property
    def shown(self) -> Mapping[str, float]:
        """The probabilities that the bars show."""
        return self._probabilities(self._scores, temperature=self.temperature.value, top_p=self.top_p.value)

    def picture(self) -> Picture:
        """Return three temperatures side by side, without top-p."""
        panels = {t: self._probabilities(self._scores, temperature=t) for t in PRINTED_TEMPERATURES}
        return _picture(panels)

    def _draw(self) -> None:
        self._bars.value = bars(self.shown)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        picture = self.picture()
        png = base64.b64encode(picture.data).decode()
        return {**bundle, "image/png": png, "text/plain": repr(picture)}


def bars(shares: Mapping[str, float]) -> str:
    """Return bars as HTML. A candidate that can't be chosen says so."""
    rows = "".join(_row(name, share) for name, share in shares.items())
    table = f'<table role="presentation" style="border-collapse: collapse; width: 100%">{rows}</table>'
    return block(table, style="max-width: 40em")


def _row(name: str, share: float) -> str:
    number = f"{share:.1%}" if share else "never"
    filled = f"background: {FILL}; border: 1px solid {EDGE}" if share else "border: 0"
    bar = f'<div style="width: {100 * share:.2f}%; height: 1.1em; {filled}"></div>'
    return (
        f'<tr><td style="{MONOSPACED}; text-align: right; width: 8em; padding: 1px 8px">{escape(name)}</td>'
        f'<td style="padding: 1px">{bar}</td>'
        f'<td style="width: 5em; padding: 1px 8px; {PALE if not share else ""}">{number}</td></tr>'
    )


def _picture(panels: Mapping[float, Mapping[str, float]]) -> Picture:
    figure = Figure(figsize=(10, 2.8), layout="constrained")
    axes_of = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (temperature, shares) in zip(axes_of, panels.items(), strict=True):
        names = list(shares)
        drawn = axes.barh(names, [shares[name] for name in names], color=FILL, edgecolor=EDGE)
        axes.bar_label(drawn, [f"{shares[name]:.0%}" for name in names], padding=4, color=INK)
        axes.set(title=f"temperature {temperature:g}", xlim=(0, 1.15), xticks=[])
        axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes_of[0].invert_yaxis()
    said = "; ".join(
        f"temperature {t:g}: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
        for t, shares in panels.items()
    )
    return as_png(figure, alt=f"Probabilities of the next token. {said}.")
