from __future__ import annotations

import os
import stat
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from labsupport.errors import LabError
from labsupport.packaging import lambda_platform, read_zip, zip_directory, zip_files
from labsupport.packaging.wheels import compatible_platforms

FILES = {
    "handler.py": b"def handler(event, context): ...\n",
    "picture/frame.py": b"WIDTH = 3\n" * 100,
    "picture/ảnh.txt": "mèo".encode(),
    "bin/run": b"#!/bin/sh\n",
}


def write(root: Path, files: dict[str, bytes], *, umask: int = 0o022, mtime: float | None = None) -> Path:
    before = os.umask(umask)
    try:
        for name, content in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            if name.startswith("bin/"):
                file.chmod(0o777 & ~umask)
            if mtime is not None:
                os.utime(file, (mtime, mtime))
    finally:
        os.umask(before)
    return root


def entries(archive: bytes) -> list[zipfile.ZipInfo]:
    return zipfile.ZipFile(BytesIO(archive)).infolist()


@pytest.mark.parametrize(
    "difference",
    [
        pytest.param({"umask": 0o077}, id="umask"),
        pytest.param({"umask": 0o000}, id="no umask"),
        pytest.param({"mtime": 1_000_000_000}, id="old time stamps"),
        pytest.param({"mtime": 4_000_000_000}, id="time stamps of the future"),
    ],
)
def test_the_same_files_give_the_same_bytes(tmp_path, difference):
    one = write(tmp_path / "one", FILES)
    reversed_order = dict(reversed(FILES.items()))
    other = write(tmp_path / "elsewhere" / "other", reversed_order, **difference)
    assert zip_directory(one) == zip_directory(other)


def test_files_and_directory_give_the_same_bytes(tmp_path):
    plain = {name: content for name, content in FILES.items() if not name.startswith("bin/")}
    assert zip_directory(write(tmp_path, plain)) == zip_files(plain)
    assert zip_files(plain) == zip_files(dict(reversed(plain.items())))


def test_one_changed_byte_gives_other_bytes(tmp_path):
    before = zip_directory(write(tmp_path, FILES))
    (tmp_path / "handler.py").write_bytes(FILES["handler.py"] + b"#")
    assert zip_directory(tmp_path) != before


def test_nothing_of_this_machine_is_in_an_entry(tmp_path):
    archive = zip_directory(write(tmp_path, FILES), prefix="python/")
    names = [entry.filename for entry in entries(archive)]
    assert names == sorted(f"python/{name}" for name in FILES)
    for entry in entries(archive):
        mode = 0o755 if entry.filename == "python/bin/run" else 0o644
        assert entry.external_attr >> 16 == stat.S_IFREG | mode
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert entry.create_system == 3
        assert entry.extra == b""
    assert zipfile.ZipFile(BytesIO(archive)).testzip() is None


def test_reading_a_zip_is_the_inverse_of_zipping(tmp_path):
    assert read_zip(zip_files(FILES)) == FILES
    (tmp_path / "a.zip").write_bytes(zip_files(FILES))
    assert read_zip(tmp_path / "a.zip") == FILES


def test_a_functions_zip_holds_only_what_lambda_needs(tmp_path):
    beside = ("policy.json", "event.json", "README.md", ".DS_Store", "__pycache__/handler.pyc", "old.pyc")
    nested = ("picture/policy.json", "picture/README.md")
    left_behind = ("picture/__pycache__/frame.pyc", "picture/.ipynb_checkpoints/frame-checkpoint.py")
    write(tmp_path, FILES | dict.fromkeys((*beside, *nested, *left_behind), b"x"))
    assert sorted(read_zip(zip_directory(tmp_path))) == sorted([*FILES, *nested])


def test_what_is_left_out_can_be_chosen(tmp_path):
    write(tmp_path, {"README.md": b"", "a.py": b"", "b.py": b""})
    assert sorted(read_zip(zip_directory(tmp_path, exclude=()))) == ["README.md", "a.py", "b.py"]
    assert sorted(read_zip(zip_directory(tmp_path, exclude=("a.py",)))) == ["README.md", "b.py"]


def test_a_link_to_a_file_is_packed_as_the_file(tmp_path):
    write(tmp_path / "code", {"a.py": b"A = 1"})
    (tmp_path / "code" / "b.py").symlink_to(tmp_path / "code" / "a.py")
    assert read_zip(zip_directory(tmp_path / "code")) == {"a.py": b"A = 1", "b.py": b"A = 1"}


@pytest.mark.parametrize("problem", ["missing", "a file", "link to a directory"])
def test_a_directory_that_cannot_be_packed_is_named(tmp_path, problem):
    path = tmp_path / "code"
    if problem == "a file":
        path.write_text("")
    elif problem == "link to a directory":
        write(path, {"a.py": b""})
        (path / "loop").symlink_to(path)
    with pytest.raises(LabError) as caught:
        zip_directory(path)
    assert str(path) in str(caught.value)
    assert caught.value.next_step


@pytest.mark.parametrize("name", ["hello", "thumbnail"])
def test_the_labs_own_functions_pack_to_their_code_alone(name):
    names = read_zip(zip_directory(Path(__file__).parents[2] / "functions" / name))
    assert "handler.py" in names
    assert all(file.endswith(".py") for file in names)


@pytest.mark.parametrize(
    ("python_version", "architecture", "platform"),
    [
        ("3.11", "x86_64", "manylinux_2_26_x86_64"),
        ("3.12", "x86_64", "manylinux_2_34_x86_64"),
        ("3.14", "arm64", "manylinux_2_34_aarch64"),
    ],
)
def test_lambdas_platform_follows_its_operating_system(python_version, architecture, platform):
    assert lambda_platform(python_version, architecture) == platform


@pytest.mark.parametrize(
    ("platform", "included", "not_included"),
    [
        ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux_2_35_x86_64"),
        ("manylinux_2_34_x86_64", "manylinux2014_x86_64", "manylinux_2_34_aarch64"),
        ("manylinux_2_26_aarch64", "manylinux_2_17_aarch64", "manylinux_2_27_aarch64"),
        ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_18_x86_64"),
        ("macosx_11_0_arm64", "macosx_11_0_arm64", "macosx_10_9_arm64"),
        ("win_amd64", "win_amd64", "win32"),
    ],
)
def test_a_newer_linux_takes_wheels_for_older_ones(platform, included, not_included):
    tags = compatible_platforms(platform)
    assert tags[0] in (platform, "manylinux_2_17_x86_64")
    assert included in tags
    assert not_included not in tags
