"""A deployment package and a layer must unpack whole, within their limit, and nowhere but in their folder.

They are tried before anything is written: every entry is read to its end, as far as its header says and no
further, and no more than 250 MB in all. AWS doesn't state how many entries a package may have, nor what it
does with names that lead out of the folder: here there are at most as many as a zip without the 64-bit
extension can count, and such names are refused.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import PurePosixPath

from labsupport.localcloud.rules.lambda_package import NO_ZIP
from labsupport.localcloud.rules.refusal import Refusal, invalid_parameter

MOST_UNZIPPED_BYTES = 250 * 1024**2
MOST_ENTRIES = 65_535
# What a damaged, encrypted or hostile archive makes the reader raise.
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError, IndexError
)  # fmt: skip


def problem(package: bytes) -> Refusal | None:
    """Return AWS's refusal of a zip, or None."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as opened:
            entries = opened.infolist()
            if sum(entry.file_size for entry in entries) > MOST_UNZIPPED_BYTES:
                return invalid_parameter(f"Unzipped size must be smaller than {MOST_UNZIPPED_BYTES} bytes")
            if _fit_a_folder(entries) and opened.testzip() is None:
                return None
    except UNREADABLE:
        pass
    return invalid_parameter(NO_ZIP)


def _fit_a_folder(entries: Sequence[zipfile.ZipInfo]) -> bool:
    """Tell whether the names stay in a folder, and no file stands where another one needs a folder."""
    if len(entries) > MOST_ENTRIES:
        return False
    paths = {entry: PurePosixPath(entry.filename) for entry in entries}
    files = {path for entry, path in paths.items() if not entry.is_dir()}
    return not any(
        path.is_absolute() or ".." in path.parts or not files.isdisjoint(path.parents)
        for path in paths.values()
    ) and files.isdisjoint(path for entry, path in paths.items() if entry.is_dir())
