"""What came of one notebook of a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Name the ways in which a notebook of a run can end."""

    PASSED = "passed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class CellFailure:
    """Describe the error that ended a notebook.

    Attributes:
        cell: the number in the failed cell's brackets, In [cell]; None when no cell is to blame.
        error_type: the exception's name.
        message: its message, as the learner would see it; it may have several lines.
    """

    cell: int | None
    error_type: str
    message: str

    def __str__(self) -> str:
        """Return the failure in one line."""
        where = "" if self.cell is None else f"cell [{self.cell}]: "
        first_line = self.message.splitlines()[0] if self.message else ""
        return f"{where}{self.error_type}: {first_line}".removesuffix(": ")


@dataclass(frozen=True)
class NotebookResult:
    """Describe one notebook of a run: how it ended, after how long, and how far it came (code cells)."""

    name: str
    status: Status = Status.NOT_RUN
    seconds: float = 0.0
    cells_done: int = 0
    cells_total: int = 0
    failure: CellFailure | None = None
