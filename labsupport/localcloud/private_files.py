"""Files and folders that belong to their owner alone, whatever the umask, from their first byte on."""

from __future__ import annotations

import os
import stat
from pathlib import Path

FILE_MODE, FOLDER_MODE = 0o600, 0o700


def write_private(path: Path, content: bytes) -> None:
    """Write a file aside and put it in its place: readers see the old one or the new one.

    What stands aside under that name, a link of somebody else's among them, is never written through.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as file:
        os.fchmod(file.fileno(), FILE_MODE)
        file.write(content)
    os.replace(aside, path)


def append_private(path: Path) -> int:
    """Open a file for appending and return its descriptor. A link is not followed.

    Raises:
        OSError: it can't be opened, or is a link.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, FILE_MODE)
    os.fchmod(descriptor, FILE_MODE)
    return descriptor


def make_private_folder(path: Path) -> None:
    """Make a folder where it is missing, and take what others may do with it away.

    Raises:
        OSError: it can't be made, or is somebody else's.
    """
    path.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(FOLDER_MODE)
