"""Unpacked code and layers, by content: each archive is unpacked once, whoever uses it."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path


class CodeStore:
    """A directory of unpacked archives."""

    def __init__(self, directory: Path) -> None:
        """Keep them below `directory`."""
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def unpack(self, archives: Sequence[bytes]) -> Path:
        """Return a folder with the archives' files; a later archive overwrites an earlier one's.

        Raises:
            zipfile.BadZipFile: one of them is no zip archive. The control plane lets none in.
            OSError: the disk is full.
        """
        digest = hashlib.sha256(
            b"".join(hashlib.sha256(archive).digest() for archive in archives)
        ).hexdigest()
        target = self._directory / digest
        if target.is_dir():
            return target
        aside = Path(tempfile.mkdtemp(dir=self._directory))
        try:
            aside.chmod(0o755)  # the function's user is not the learner
            permissions: dict[str, int] = {}
            for archive in archives:
                permissions |= _extract(archive, aside)
            for path, mode in permissions.items():  # at the end: a read-only file may be overwritten
                os.chmod(path, mode)
            os.rename(aside, target)
        except Exception:
            shutil.rmtree(aside, ignore_errors=True)
            if not target.is_dir():  # otherwise another environment was faster, which is as good
                raise
        return target


def _extract(archive: bytes, directory: Path) -> dict[str, int]:
    """Write an archive's files. Returns {path: permissions}; links and devices are plain files."""
    permissions = {}
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for member in opened.infolist():
            path = opened.extract(member, directory)  # never leaves the directory: zipfile sees to that
            mode = (member.external_attr >> 16) & 0o777
            if mode and not member.is_dir():
                permissions[path] = mode
    return permissions
