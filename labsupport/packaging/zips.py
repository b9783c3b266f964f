"""Zips with identical bytes for identical input.

Names are sorted, and time stamps, permissions and compression are fixed. What stays is the compressor: a
Python that is linked to zlib-ng instead of zlib packs the same files into other bytes.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from labsupport.errors import LabError

BESIDE_THE_CODE = ("policy.json", "event.json", "README.md")
"""Files of a function's directory that are for people and for deploying, not for Lambda."""

NEVER_PACKED = ("__pycache__", ".ipynb_checkpoints", ".DS_Store")
EARLIEST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
UNIX = 3
COMPRESSION_LEVEL = 6


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """Zip contents by their names in the archive. Nothing is marked as executable."""
    return _zip((name, files[name], False) for name in sorted(files))


def zip_directory(
    path: str | os.PathLike[str], *, prefix: str = "", exclude: Collection[str] = BESIDE_THE_CODE
) -> bytes:
    """Zip a directory's files, under `prefix` in the archive.

    Left out are the names in `exclude` at the top of the directory, and everywhere byte code and what
    editors leave behind.

    Raises:
        LabError: there is no such directory, or it links to another one.
    """
    root = Path(path)
    doing = f"packing {root}"
    if not root.is_dir():
        raise LabError(doing=doing, cause="There is no such directory.", next_step="Check the path.")
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in NEVER_PACKED]
        _refuse_links(doing, Path(folder), folders)
        for name in names:
            file = Path(folder, name)
            if not _left_out(file, at_top=file.parent == root, exclude=exclude):
                found[prefix + file.relative_to(root).as_posix()] = file
    return _zip((name, found[name].read_bytes(), _is_executable(found[name])) for name in sorted(found))


def read_zip(archive: bytes | Path) -> dict[str, bytes]:
    """Return a zip's contents by name: what `zip_files` takes."""
    with zipfile.ZipFile(io.BytesIO(archive) if isinstance(archive, bytes) else archive) as opened:
        return {info.filename: opened.read(info) for info in opened.infolist() if not info.is_dir()}


def _left_out(file: Path, *, at_top: bool, exclude: Collection[str]) -> bool:
    return file.name in NEVER_PACKED or file.suffix == ".pyc" or (at_top and file.name in exclude)


def _refuse_links(doing: str, folder: Path, names: Iterable[str]) -> None:
    """Stop at a link to a directory: following it may never end, and leaving it out loses code."""
    for name in names:
        if (folder / name).is_symlink():
            raise LabError(
                doing=doing,
                cause=f"{folder / name} is a link to a directory.",
                next_step="Copy the directory to that place instead of linking it.",
            )


def _is_executable(file: Path) -> bool:
    return bool(file.stat().st_mode & stat.S_IXUSR)


def _zip(entries: Iterable[tuple[str, bytes, bool]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content, executable in entries:
            entry = zipfile.ZipInfo(name, EARLIEST_ZIP_TIME)
            entry.create_system = UNIX
            # Lambda runs the code as another user than the owner, so everybody may read it.
            entry.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, COMPRESSION_LEVEL)
    return buffer.getvalue()
