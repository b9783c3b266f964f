"""The cache of layer archives: complete files only, one build of a layer at a time.

Beside `<layer>.zip` stands `<layer>.sha256`. It is written last, so an archive without it, or with another
checksum, was cut short or damaged; it counts as absent and is built again.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labsupport.errors import LabError

LOCK_TIMEOUT_SECONDS = 900
LOCK_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class LayerArchive:
    """A layer's zip in the cache. `sha256` is of the zip, in hexadecimal digits."""

    path: Path
    sha256: str
    size_bytes: int
    unzipped_bytes: int
    from_cache: bool


def read(archive: Path) -> LayerArchive | None:
    """Return the archive, or None if it is absent or damaged."""
    checksum = archive.with_suffix(".sha256")
    if not archive.is_file() or not checksum.is_file():
        return None
    sha256 = _sha256(archive)
    return _describe(archive, sha256, from_cache=True) if sha256 == checksum.read_text("utf-8") else None


def store(finished: Path, archive: Path) -> LayerArchive:
    """Move a finished zip to its place. It must lie on the same file system."""
    sha256 = _sha256(finished)
    checksum = finished.with_suffix(".sha256")
    checksum.write_text(sha256, "utf-8")
    os.replace(finished, archive)
    os.replace(checksum, archive.with_suffix(".sha256"))
    return _describe(archive, sha256, from_cache=False)


@contextmanager
def locked(path: Path, doing: str, progress: Callable[[str], object]) -> Iterator[None]:
    """Hold a lock that the system takes back when this process ends, however it ends."""
    with path.open("w") as file:
        deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
        if not _try_lock(file.fileno()):
            progress("This layer is being built elsewhere. Waiting for it.")
            while not _try_lock(file.fileno()):
                if time.monotonic() > deadline:
                    raise LabError(
                        doing=doing,
                        cause=f"Another build has held {path} for {LOCK_TIMEOUT_SECONDS // 60} minutes.",
                        next_step="End the notebook or command that is stuck, then run this step again.",
                    )
                time.sleep(LOCK_POLL_SECONDS)
        yield


@contextmanager
def disk_errors_explained(doing: str, cache_dir: Path) -> Iterator[None]:
    """Turn the system's errors about the cache's disk into a LabError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            cause = f"The disk is full: {cache_dir} has no space left."
            next_step = "Free some disk space, then run this step again."
        else:
            cause = f"{cache_dir} can't be used ({error.strerror or error})."
            next_step = "Make sure that you may write to this folder, then run this step again."
        raise LabError(doing=doing, cause=cause, next_step=next_step) from error


def unzipped_bytes(path: Path) -> int:
    """Return the size of a zip's contents, as Lambda counts it for its limit."""
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _describe(archive: Path, sha256: str, *, from_cache: bool) -> LayerArchive:
    return LayerArchive(archive, sha256, archive.stat().st_size, unzipped_bytes(archive), from_cache)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
