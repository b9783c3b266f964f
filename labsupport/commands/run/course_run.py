"""Execute the chosen notebooks one after the other, and keep the report in step."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from labsupport.commands.run.execution import NotebookRun
from labsupport.commands.run.progress import ProgressLine, result_line
from labsupport.commands.run.selection import Notebook
from labsupport.errors import LabError
from labsupport.learning.solutions import solve
from labsupport.report.index import page_name, write_index
from labsupport.report.page import write_page
from labsupport.report.result import NotebookResult, Status


@dataclass
class CourseRun:
    """Hold a run's notebooks, its report's folder and its results, one for each notebook from the start.

    Attributes:
        notebooks: what to run, in this order.
        output: the report's folder; the executed notebooks go to `notebooks/` in it.
        facts: what the report's index says about the run.
        project: where the model solutions are; None runs the notebooks as they stand, unsolved.
    """

    notebooks: Sequence[Notebook]
    output: Path
    facts: dict[str, str]
    project: Path | None = None
    results: list[NotebookResult] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with a result that says "not run" for each notebook."""
        self.results = [NotebookResult(notebook.name) for notebook in self.notebooks]

    def execute(self, *, keep_going: bool) -> None:
        """Run the notebooks; stop after one that was interrupted or, unless told to go on, one that failed.

        Raises:
            LabError: the report can't be written.
        """
        try:
            self.output.mkdir(parents=True, exist_ok=True, mode=0o700)  # outputs name accounts
            (self.output / "notebooks").mkdir(exist_ok=True)
            for index, notebook in enumerate(self.notebooks):
                self.results[index] = result = self._execute_one(notebook)
                self.write_index()
                if result.status is Status.INTERRUPTED or (result.status is Status.FAILED and not keep_going):
                    break
        except OSError as error:
            raise LabError(
                doing=f"writing the report to {self.output}",
                cause=f"{error.strerror or error}.",
                next_step="Free some space, fix the folder's permissions, or name another one with --output.",
            ) from error

    def write_index(self) -> None:
        """Write the report's first page as things stand."""
        write_index(self.output, self.results, self.facts)

    @property
    def passed(self) -> int:
        """Return how many notebooks passed."""
        return sum(result.status is Status.PASSED for result in self.results)

    @property
    def interrupted(self) -> bool:
        """Return whether Ctrl-C ended the run."""
        return any(result.status is Status.INTERRUPTED for result in self.results)

    def _solve(self, content: NotebookNode, number: str) -> None:
        if self.project is not None:
            solve(content, self.project, number)

    def _execute_one(self, notebook: Notebook) -> NotebookResult:
        width = max(len(each.name) for each in self.notebooks)
        with ProgressLine(notebook.name, width, sys.stdout) as progress:
            notebook_run = NotebookRun(
                notebook.path,
                progress.show,
                prepare=lambda content: self._solve(content, notebook.name[:2]),
                allow_errors=self.project is None,  # an unsolved notebook is run to its end
            )
            result = notebook_run.execute(self.output / "notebooks" / notebook.path.name)
        print(result_line(result, width), flush=True)
        if notebook_run.notebook is not None:
            page = self.output / page_name(notebook.name)
            write_page(notebook_run.notebook, page, title=notebook.name, folder=notebook.path.parent)
        return result
