"""Which notebooks a run means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labsupport.commands import UsageError
from labsupport.errors import LabError

TEARDOWN_NUMBER = 99


@dataclass(frozen=True)
class Notebook:
    """Name one notebook of the course; `number` is the one its name begins with, or None."""

    path: Path
    number: int | None

    @property
    def name(self) -> str:
        """Return the name without its ending: "05_s3_thumbnails"."""
        return self.path.stem


def find_course(project: Path) -> list[Notebook]:
    """Return the notebooks of the course in the order of their names."""
    paths = sorted((project / "notebooks").glob("*.ipynb"))
    if not paths:
        raise LabError(
            doing="looking for the course",
            cause=f"there is no notebook in {project / 'notebooks'}.",
            next_step="Get the notebooks back from the project's repository.",
        )
    return [Notebook(path, _number(path.stem)) for path in paths]


def select(course: list[Notebook], wanted: Iterable[str]) -> list[Notebook]:
    """Return the notebooks that are meant by number, name or path, in the course's order.

    Nothing wanted means the whole course.

    Raises:
        UsageError: a word names no notebook.
    """
    words = list(wanted)
    for word in words:
        if not any(_is_meant(notebook, word) for notebook in course):
            raise UsageError(
                doing="choosing the notebooks to run",
                cause=f"there is no notebook {word!r}.",
                next_step="Choose by number or name from: "
                + ", ".join(notebook.name for notebook in course)
                + ".",
            )
    return [notebook for notebook in course if not words or any(_is_meant(notebook, word) for word in words)]


def _is_meant(notebook: Notebook, word: str) -> bool:
    if word.isdecimal():
        return notebook.number == int(word)
    return Path(word).name.removesuffix(".ipynb") == notebook.name


def _number(name: str) -> int | None:
    match = re.match(r"\d+", name)
    return int(match.group()) if match else None
