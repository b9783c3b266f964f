"""Execute one notebook with papermill, in a kernel of this very interpreter."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import papermill
from ipykernel.kernelspec import make_ipkernel_cmd
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from labsupport.report.result import CellFailure, NotebookResult, Status

CELL_TIMEOUT_SECONDS = 600
OUTPUT_TIMEOUT_SECONDS = 60
"""How long outputs may lag behind their cell's end; one that prints a lot needs more than nbclient's 4 s."""

KERNEL_ARGUMENTS = ["--IPKernelApp.log_level=CRITICAL"]
"""A kernel warns of unencrypted loopback TCP when it starts, and reports an interrupted cell as an error."""

ShowProgress = Callable[[int, int], None]


class OwnKernelSpecs(KernelSpecManager):
    """Answer every name with this interpreter: the machine's kernel "python3" may be another Python."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the kernel of this interpreter, told that nobody watches."""
        return KernelSpec(
            argv=make_ipkernel_cmd(executable=sys.executable, extra_arguments=KERNEL_ARGUMENTS),
            display_name="Python 3",
            language="python",
            env={"LAB_UNATTENDED": "1"},
        )


class OwnKernelManager(AsyncKernelManager):
    """Start the kernel that `OwnKernelSpecs` names."""

    @default("kernel_spec_manager")
    def _own_kernel_specs(self) -> KernelSpecManager:
        return OwnKernelSpecs(parent=self)


class NotebookRun:
    """Execute one notebook; afterwards `notebook` is the executed one, also when it failed half-way."""

    def __init__(
        self,
        path: Path,
        show_progress: ShowProgress,
        *,
        prepare: Callable[[NotebookNode], None] = lambda notebook: None,
        allow_errors: bool = False,
    ) -> None:
        """Prepare to execute the notebook at `path` in its own folder, as JupyterLab does.

        Args:
            path: the notebook.
            show_progress: is told how many cells are done, and of how many.
            prepare: changes the notebook before it is executed, in memory only.
            allow_errors: go on after a cell that failed. The result is a failure all the same.
        """
        self.path = path
        self.notebook: NotebookNode | None = None
        self._prepare, self._allow_errors = prepare, allow_errors
        self._show_progress = show_progress
        self._cells_done = self._cells_total = 0

    def execute(self, output: Path) -> NotebookResult:
        """Execute the notebook, write it to `output` and return what came of it. Never raises for a cell."""
        started = time.monotonic()
        failure: CellFailure | None = None
        status = Status.PASSED
        try:
            self._execute(output)
            failure = self._stopped_early()
        except PapermillExecutionError as error:
            failure = CellFailure(error.exec_count, error.ename, error.evalue)
        except KeyboardInterrupt:
            status = Status.INTERRUPTED
        except DeadKernelError:
            failure = self._failure_of_next_cell(
                "DeadKernelError", "The kernel died while this cell was running."
            )
        except Exception as error:  # a broken file, a cell without end: the other notebooks can still run
            failure = self._failure_of_next_cell(type(error).__name__, str(error))
        self._keep(output)
        return NotebookResult(
            name=self.path.stem,
            status=Status.FAILED if failure else status,
            seconds=time.monotonic() - started,
            cells_done=self._cells_done,
            cells_total=self._cells_total,
            failure=failure,
        )

    def _execute(self, output: Path) -> None:
        # The result says it already: that a cell failed, or that an interrupted one lost its kernel.
        for name in ("papermill", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        notebook = nbformat.read(self.path, as_version=4)  # type: ignore[no-untyped-call]
        self._prepare(notebook)
        nbformat.write(notebook, output)  # type: ignore[no-untyped-call]
        papermill.execute_notebook(
            *[_without_fields(output)] * 2,  # from where it was prepared to the same place
            cwd=self.path.parent,
            kernel_name="python3",
            progress_bar=False,
            execution_timeout=CELL_TIMEOUT_SECONDS,
            # Saving after each cell costs half a second a notebook; we keep the notebook ourselves.
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            kernel_manager_class=OwnKernelManager,
            store_widget_state=False,
            allow_errors=self._allow_errors,
            iopub_timeout=OUTPUT_TIMEOUT_SECONDS,
            on_notebook_start=self._on_notebook_start,
            on_cell_executed=self._on_cell_executed,
        )

    def _on_notebook_start(self, notebook: NotebookNode) -> None:
        self.notebook = notebook
        self._cells_total = sum(_is_executed(cell) for cell in notebook.cells)
        self._show_progress(self._cells_done, self._cells_total)

    def _on_cell_executed(self, cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:
        self._cells_done += execute_reply["content"]["status"] == "ok"
        self._show_progress(self._cells_done, self._cells_total)

    def _failure_of_next_cell(self, error_type: str, message: str) -> CellFailure:
        started = self._cells_total > 0
        return CellFailure(self._cells_done + 1 if started else None, error_type, message)

    def _stopped_early(self) -> CellFailure | None:
        """Tell a notebook that left by `exit()` from a finished one: papermill takes it for a success."""
        if self._cells_done == self._cells_total:
            return None
        return self._failure_of_next_cell("SystemExit", "The notebook ended before its last cell.")

    def _keep(self, output: Path) -> None:
        """Write the notebook as far as it came: papermill writes it only after a passed or a failed cell."""
        if self.notebook is not None:
            with contextlib.suppress(OSError):  # a full disk has already failed the notebook in papermill
                nbformat.write(self.notebook, output)  # type: ignore[no-untyped-call]


def _is_executed(cell: NotebookNode) -> bool:
    return (
        cell.cell_type == "code"
        and bool(cell.source.strip())
        and "skip-execution" not in cell.metadata.get("tags", [])
    )


def _without_fields(path: Path) -> str:
    """Return the path in a form in which papermill, which formats it, leaves its braces alone."""
    return str(path).replace("{", "{{").replace("}", "}}")
