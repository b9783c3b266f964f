"""What is alive in a running notebook, and reads as a page without a kernel."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets


class Live(widgets.VBox):  # type: ignore[misc]  # ipywidgets publishes no types
    """A widget that also says itself in HTML and in plain words, for reports and for programs."""

    def as_html(self) -> str:
        """Return what is read where no widget can be shown."""
        raise NotImplementedError

    def as_text(self) -> str:
        """Return the same in plain words."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        return {**bundle, "text/html": self.as_html(), "text/plain": self.as_text()}


def button(label: str, *, tooltip: str = "") -> widgets.Button:
    """Return a button that is as wide as its words."""
    return widgets.Button(description=label, tooltip=tooltip, layout={"width": "auto"})
