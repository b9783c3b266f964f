"""What is in a layer's zip, folder by folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from labsupport.views.table import Table

PYTHON_FOLDER = "python/"


def layer_contents(files: Mapping[str, bytes]) -> Table:
    """Show the folders of a zip: how many files, how large, and the largest file of each.

    `files` are contents by names in the zip, as `labsupport.packaging.read_zip` returns them.
    """
    folders: dict[str, list[str]] = defaultdict(list)
    for name in files:
        folders[_folder(name)].append(name)
    rows = []
    for folder, names in sorted(folders.items()):
        largest = max(names, key=lambda name: len(files[name]))
        rows.append(
            [
                folder,
                len(names),
                _megabytes(sum(len(files[name]) for name in names)),
                f"{largest.rsplit('/', 1)[-1]} ({_megabytes(len(files[largest]))})",
            ]
        )
    total = _megabytes(sum(map(len, files.values())))
    return Table(
        headers=["Folder in the zip", "Files", "Unzipped", "Largest file"],
        rows=rows,
        caption=f"{len(files)} files, {total} unzipped.",
        right=["Files", "Unzipped"],
    )


def _folder(name: str) -> str:
    """Return a package's folder: the one at the top of the zip, or the one in python/."""
    above = PYTHON_FOLDER if name.startswith(PYTHON_FOLDER) else ""
    folder, is_deeper, _ = name.removeprefix(above).partition("/")
    return f"{above}{folder}/" if is_deeper else above or "(top of the zip)"


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1024**2:,.1f} MB" if size_bytes >= 100_000 else f"{size_bytes / 1024:,.1f} KB"
