"""Zips that somebody made to do harm: what is refused, and what unpacking makes of the rest."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from labsupport.localcloud.lambda_service.code_store import CodeStore
from labsupport.localcloud.rules import lambda_archive

MIB = 1024**2
NO_ZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
TOO_LARGE = "Unzipped size must be smaller than 262144000 bytes"


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method, compresslevel=1) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def special(mode: int, content: bytes = b"", name: str = "x") -> bytes:
    """Zip one entry that says to be of this kind, a link or a device."""
    buffer = io.BytesIO()
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, mode << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(entry, content)
    return buffer.getvalue()


def bomb() -> bytes:
    """Zip 256 MB of nothing into a megabyte."""
    return zipped({f"{number}": bytes(32 * MIB) for number in range(8)})


def many(count: int) -> bytes:
    return zipped({f"{number}": b"" for number in range(count)}, zipfile.ZIP_STORED)


def patched(archive: bytes, field: int, value: bytes) -> bytes:
    """Change bytes of the first entry in the archive's table of contents."""
    start = archive.index(b"PK\x01\x02") + field
    return archive[:start] + value + archive[start + len(value) :]


def with_a_smaller_size(content: bytes, said: int) -> bytes:
    return patched(zipped({"app.py": content}), 24, struct.pack("<L", said))


APP = zipped({"app.py": b"def handler(event, context): pass\n" * 20})
HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", NO_ZIP),
    "no zip": (b"no zip", NO_ZIP),
    "an end without a beginning": (APP[-22:], NO_ZIP),
    "cut short": (APP[: len(APP) // 2], NO_ZIP),
    "without its first half": (APP[len(APP) // 2 :], NO_ZIP),
    "a damaged byte": (APP[:45] + bytes([APP[45] ^ 255]) + APP[46:], NO_ZIP),
    "a wrong checksum": (patched(APP, 16, b"\0\0\0\0"), NO_ZIP),
    "another name in its table": (patched(APP, 46, b"b"), NO_ZIP),
    "an entry outside of the file": (patched(APP, 42, b"\xff\xff\xff\x7f"), NO_ZIP),
    "encrypted": (patched(patched(APP, 8, b"\1"), 12, b"\0"), NO_ZIP),
    "an unknown compression": (patched(APP, 10, struct.pack("<H", 99)), NO_ZIP),
    "a version of the future": (patched(APP, 6, b"\xff"), NO_ZIP),
    "a bomb that says to be larger": (patched(APP, 24, b"\xfe\xff\xff\x7f"), TOO_LARGE),
    "a bomb that says to be small": (with_a_smaller_size(bytes(8 * MIB), 10), NO_ZIP),
    "a way out": (zipped({"../evil": b"x"}), NO_ZIP),
    "a way out further down": (zipped({"python/../../evil": b"x"}), NO_ZIP),
    "an absolute path": (zipped({"/evil": b"x"}), NO_ZIP),
    "a file where a folder is": (zipped({"a": b"x", "a/b": b"x"}), NO_ZIP),
    "a folder where a file is": (zipped({"a/b": b"x", "a": b"x"}), NO_ZIP),
}
# Odd, and let in: what unpacking makes of them lies in the folder, and is a plain file.
HARMLESS = {
    "a link out": special(stat.S_IFLNK | 0o777, b"/etc/passwd"),
    "a device": special(stat.S_IFBLK | 0o666),
    "a pipe": special(stat.S_IFIFO | 0o666),
    "a program that becomes root": special(stat.S_IFREG | 0o6755, b"#!/bin/sh\n"),
    "a zip in a zip": zipped({"inner.zip": zipped({"inner": bytes(8 * MIB)})}),
    "an empty zip": zipped({}),
    "a name with a backslash": zipped({"..\\evil": b"x"}),
    "a program in front": b"#!/bin/sh\n" + APP,
}


def refusal(archive: bytes) -> tuple[str, int, str]:
    refused = lambda_archive.problem(archive)
    assert refused is not None
    return refused.code, refused.status, refused.message


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_before_anything_is_written(name: str) -> None:
    archive, message = HOSTILE[name]
    assert refusal(archive) == ("InvalidParameterValueException", 400, message)


def test_a_large_content_is_refused_and_so_is_a_large_number() -> None:
    assert refusal(bomb())[2] == TOO_LARGE
    assert refusal(many(lambda_archive.MOST_ENTRIES + 1))[2] == NO_ZIP


@pytest.mark.parametrize("name", [*HARMLESS, *HOSTILE])
def test_unpacking_writes_plain_files_in_its_folder_alone(name: str, tmp_path: Path) -> None:
    """The second wall: even what is refused above would stay inside."""
    archive = (HARMLESS | {name: archive for name, (archive, _) in HOSTILE.items()})[name]
    if name in HARMLESS:
        assert lambda_archive.problem(archive) is None
    store = CodeStore(tmp_path / "inside" / "store")
    try:
        folder = store.unpack([archive])
    except lambda_archive.UNREADABLE:
        assert not list((tmp_path / "inside" / "store").iterdir()), "half of it is left"
        folder = None
    assert [each.name for each in tmp_path.iterdir()] == ["inside"]
    assert [each.name for each in (tmp_path / "inside").iterdir()] == ["store"]
    for path in folder.rglob("*") if folder else ():
        status = path.lstat()
        assert stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
        assert not status.st_mode & (stat.S_ISUID | stat.S_ISGID)
    assert folder is None or sum(path.lstat().st_size for path in folder.rglob("*")) < MIB


def test_a_name_that_comes_twice_is_the_later_file(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("app.py", b"first")
        archive.writestr("app.py", b"second")
    assert lambda_archive.problem(buffer.getvalue()) is None
    assert (CodeStore(tmp_path).unpack([buffer.getvalue()]) / "app.py").read_bytes() == b"second"


def test_a_later_layer_overwrites_a_read_only_file(tmp_path: Path) -> None:
    layers = [special(stat.S_IFREG | 0o444, content) for content in (b"first", b"second")]
    file = CodeStore(tmp_path).unpack(layers) / "x"
    assert file.read_bytes() == b"second" and stat.S_IMODE(file.stat().st_mode) == 0o444


def test_what_a_learner_packs_is_let_in() -> None:
    assert lambda_archive.problem(APP) is None
    assert lambda_archive.problem(many(2_000)) is None
