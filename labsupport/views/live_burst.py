"""A burst drawn while it goes on (notebook 03_concurrency)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from IPython.display import display

from labsupport.burst import Burst
from labsupport.views.burst_picture import burst_picture
from labsupport.views.png import SHOWN_WIDTH


class LiveBurst:
    """Show a burst as it goes on, then leave its picture: `lab.invoke_at_once(..., watch=LiveBurst())`.

    The frame is a widget, whose picture can change without flicker. The picture that replaces it in the end
    is stored in the notebook and shows without a kernel.
    """

    def __init__(self, *, show: Callable[..., Any] = display) -> None:
        """Show with `show`, IPython's `display` or one like it."""
        self._show = show
        self._frame: Any = None
        self._place: Any = None

    def __call__(self, burst: Burst) -> None:
        """Draw the burst as it is now."""
        picture = burst_picture(burst)
        if self._frame is None:
            self._frame = widgets.Image(value=picture.data, format="png", width=SHOWN_WIDTH)
            self._place = self._show(self._frame, display_id=True)
        if not burst.is_over:
            self._frame.value = picture.data
            return
        self._place.update(picture)
        self._frame.close()
