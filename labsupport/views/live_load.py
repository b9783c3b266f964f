"""A load drawn while it goes on (notebook 07_api_gateway_choices)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from IPython.display import display

from labsupport.http_samples import Load
from labsupport.views.load_picture import load_picture
from labsupport.views.png import SHOWN_WIDTH


class LiveLoad:
    """Show a load as it goes on, then leave its picture: `lab.send_load(..., watch=LiveLoad())`.

    The picture that stays is stored in the notebook, shows without a kernel, and says itself in words.
    """

    def __init__(self, *, show: Callable[..., Any] = display) -> None:
        """Show with `show`, IPython's `display` or one like it."""
        self._show = show
        self._frame: Any = None
        self._place: Any = None

    def __call__(self, load: Load) -> None:
        """Draw the load as it is now."""
        picture = load_picture(load)
        if self._frame is None:
            self._frame = widgets.Image(value=picture.data, format="png", width=SHOWN_WIDTH)
            self._place = self._show(self._frame, display_id=True)
        if not load.is_over:
            self._frame.value = picture.data
            return
        self._place.update(picture)
        self._frame.close()
