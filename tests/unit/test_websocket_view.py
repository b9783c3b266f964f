"""The WebSocket client of the page where no browser draws it."""

from __future__ import annotations

from labsupport.views.websocket_view import WebSocketView


def test_without_a_browser_it_is_a_sentence() -> None:
    view = WebSocketView("ws://127.0.0.1:1/live")
    shown = view._repr_mimebundle_()
    data = shown[0] if isinstance(shown, tuple) else shown
    assert data["text/plain"] == repr(view)
    assert "ws://127.0.0.1:1/live" in repr(view) and "browser" in repr(view)
    assert "application/vnd.jupyter.widget-view+json" in data
