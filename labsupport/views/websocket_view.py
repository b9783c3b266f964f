"""A WebSocket client in the learner's own browser: connect, send, see what arrives (07_api_gateway_choices).

The browser itself connects, as a web page of a real application would: nothing goes through the kernel.
Without a browser it is a sentence.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

HERE = Path(__file__).parent


class WebSocketView(anywidget.AnyWidget):
    """Show a WebSocket client.

    Attributes:
        url: where it connects.
        message: what stands in its field at first, JSON.
        label: a name by which two of them are told apart.
    """

    _esm = HERE / "websocket_view.js"
    _css = HERE / "websocket_view.css"
    url = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)

    def __init__(
        self, url: str, *, message: str = '{"action": "hello"}', label: str = "WebSocket client"
    ) -> None:
        super().__init__(url=url, message=message, label=label)

    def __repr__(self) -> str:
        return f"A WebSocket client for {self.url}. It runs in a browser: open this notebook in JupyterLab."

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Return the widget, and what it is in words where no browser draws it."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data, *metadata = bundle if isinstance(bundle, tuple) else (bundle or {},)
        data = {**data, "text/plain": repr(self)}
        return (data, *metadata) if metadata else data
