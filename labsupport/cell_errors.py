"""What a notebook shows when a cell fails: a card for an error that the lab knows, else Python's traceback.

The cell stays failed, for JupyterLab and for whoever runs the notebook unattended: IPython has noted the
exception before it asks us, and the error message is sent as it always is. Only its long text is folded.

Whose mistake is it? The innermost frame that isn't a library's tells.
"""

from __future__ import annotations

import contextlib
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from IPython.display import display

from labsupport.error_cards import failure_of, recognise
from labsupport.errors import LabError
from labsupport.views.error_card import (
    ErrorCard,
    lab_error_card,
    our_mistake_card,
    recognised_card,
    refusal_card,
)

OURS = f"{Path(__file__).parent}/"
LIBRARIES = tuple(
    f"{Path(sysconfig.get_path(name))}/" for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
LONGEST_RAW = 20_000


def show_cards(shell: Any) -> None:
    """Let IPython ask us when a cell fails. SystemExit stays IPython's own."""
    shell.set_custom_exc((Exception, KeyboardInterrupt), _show)


def _show(
    shell: Any,
    error_type: type[BaseException],
    error: BaseException,
    frames: TracebackType | None,
    tb_offset: int | None = None,
) -> None:
    """Show one exception of a cell. IPython calls this inside its except block."""
    if not any(frame.tb_frame.f_globals is shell.user_ns for frame in _each(frames)):
        _show_uncompiled(shell, error_type)
        return
    card = None
    with contextlib.suppress(Exception):  # whatever is wrong with a card, the error itself must be seen
        card = card_for(error, frames)
    if card:
        display(card)  # type: ignore[no-untyped-call]
        words = str(error).strip().partition("\n")[0]
        shell._showtraceback(error_type, error, [f"{error_type.__name__}: {words}"])
    else:
        shell.showtraceback((error_type, error, _without_ours(frames)), running_compiled_code=True)


def card_for(error: BaseException, frames: TracebackType | None) -> ErrorCard | None:
    """Return the card for an exception, or None where Python's own traceback says it best."""
    if isinstance(error, KeyboardInterrupt):
        return None
    beyond_ipython = frames.tb_next if frames else None
    raw = "".join(traceback.format_exception(type(error), error, beyond_ipython))[-LONGEST_RAW:]
    if isinstance(error, LabError):
        return lab_error_card(error, raw)
    failure = failure_of(error)
    if card := recognise(failure):
        return recognised_card(card, raw)
    if not _is_ours(beyond_ipython):
        return None
    if failure.code or "BotoCoreError" in failure.types:
        return refusal_card(failure.code or type(error).__name__, failure.message, raw)
    return our_mistake_card(type(error).__name__, str(error), raw)


def _is_ours(frames: TracebackType | None) -> bool:
    for frame in reversed(list(_each(frames))):
        path = frame.tb_frame.f_code.co_filename
        if path.startswith(OURS):
            return True
        if not path.startswith((*LIBRARIES, "<frozen")):
            return False
    return False


def _show_uncompiled(shell: Any, error_type: type[BaseException]) -> None:
    """Show what IPython shows for a cell that Python can't read."""
    if issubclass(error_type, IndentationError):
        shell.showindentationerror()
    else:
        shell.showsyntaxerror()


def _without_ours(frames: TracebackType | None) -> TracebackType | None:
    """Return the frames without the lab's own, as they stand between a cell and a function of its own."""
    kept = [frame for frame in _each(frames) if not frame.tb_frame.f_code.co_filename.startswith(OURS)]
    result: TracebackType | None = None
    for frame in reversed(kept):
        result = TracebackType(result, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return result


def _each(frames: TracebackType | None) -> Iterator[TracebackType]:
    while frames is not None:
        yield frames
        frames = frames.tb_next
