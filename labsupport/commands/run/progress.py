"""Show how far a run is: one line a notebook, which changes in place on a terminal."""

from __future__ import annotations

import shutil
import threading
import time
from typing import TextIO

from labsupport.report.result import NotebookResult

REFRESH_SECONDS = 1.0


class ProgressLine:
    """Follow one notebook. Use it as a context manager: leaving it ends the refreshing thread.

    A terminal gets one line that is drawn again and again, so that a long cell is seen to be alive. A file or
    a CI log gets one line at the start and one at the end.
    """

    def __init__(self, name: str, width: int, stream: TextIO) -> None:
        """Follow the notebook `name`, padded to `width` columns, on `stream`."""
        self._title = name.ljust(width)
        self._stream = stream
        self._live = stream.isatty()
        self._cells_done = self._cells_total = 0
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._refresher = threading.Thread(target=self._refresh, daemon=True)

    def __enter__(self) -> ProgressLine:
        """Show the first line."""
        if self._live:
            self._refresher.start()
        else:
            print(f"{self._title}  running", file=self._stream, flush=True)
        return self

    def __exit__(self, *exception: object) -> None:
        """End the refreshing."""
        self._ended.set()
        if self._live:
            self._refresher.join()
            self._stream.write("\r\x1b[K")

    def show(self, cells_done: int, cells_total: int) -> None:
        """Take over how far the notebook is."""
        self._cells_done, self._cells_total = cells_done, cells_total
        self._draw()

    def _refresh(self) -> None:
        self._draw()
        while not self._ended.wait(REFRESH_SECONDS):
            self._draw()

    def _draw(self) -> None:
        if self._live and not self._ended.is_set():
            seconds = time.monotonic() - self._started
            line = f"{self._title}  {_cells(self._cells_done, self._cells_total)}  {seconds:4.0f} s"
            columns = shutil.get_terminal_size().columns
            self._stream.write(f"\r\x1b[K{line[: columns - 1]}")
            self._stream.flush()


def result_line(result: NotebookResult, width: int) -> str:
    """Return the line that stays: name, how far, how long, how it ended and why."""
    cells = _cells(result.cells_done, result.cells_total)
    line = f"{result.name.ljust(width)}  {cells}  {result.seconds:4.0f} s  {result.status}"
    return f"{line}\n    {result.failure}" if result.failure else line


def _cells(done: int, total: int) -> str:
    """Return "  3/12 cells"; before the kernel has started, nothing is known."""
    return f"{done:>3}/{total:<3} cells" if total else " " * len("  0/0   cells")
