from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from labsupport.errors import LabError
from labsupport.packaging import LayerArchive, build_layer, layers, read_zip
from tests import images

pytestmark = pytest.mark.functional

PROJECT = Path(__file__).parents[2]
MB = 1024 * 1024


def make_wheel(folder: Path, name: str, files: dict[str, bytes], tag: str = "py3-none-any") -> Path:
    """Write a wheel that pip installs like any other."""
    dist_info = f"{name}-1.0.dist-info"
    files = {
        **files,
        f"{dist_info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{dist_info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
        f"{dist_info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n".encode(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for file, content in files.items():
            wheel.writestr(file, content)
        wheel.writestr(f"{dist_info}/RECORD", "".join(f"{file},,\n" for file in files))
    return path


@pytest.fixture
def wheels(tmp_path, monkeypatch) -> Path:
    """Let pip find wheels in one folder and nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def layer(tmp_path) -> Path:
    """Make a layer directory that asks for one small package."""
    folder = tmp_path / "layers" / "small"
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text("small==1.0\n")
    return folder


@pytest.fixture
def small(wheels) -> Path:
    return make_wheel(wheels, "small", {"small/__init__.py": b"def main(): ...\n"})


@pytest.fixture
def cache(tmp_path) -> Path:
    return tmp_path / "cache"


def archives(cache: Path) -> list[str]:
    """Return what is in the cache, but for the locks, which are empty."""
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


# The Pillow layer itself


@pytest.fixture(scope="module")
def pillow(tmp_path_factory) -> LayerArchive:
    return build_layer("pillow", cache_dir=tmp_path_factory.mktemp("pillow"))


def run_with_layer(archive: LayerArchive, folder: Path, script: str, *arguments: Path):
    """Unpack a layer as Lambda does and run a script that sees it, and nothing of the lab's environment."""
    zipfile.ZipFile(archive.path).extractall(folder / "opt")
    script = f"import sys; sys.path.insert(0, sys.argv[1])\n{script}"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, folder / "opt" / "python", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_pillow_layer_works_where_lambda_unpacks_it(pillow, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(images.photo())
    script = """
import PIL
assert PIL.__file__.startswith(sys.argv[1]), PIL.__file__
sys.path.append(sys.argv[2])
import thumbnail
print(thumbnail.make_thumbnail(open(sys.argv[3], "rb").read(), 50_000_000).size)
"""
    function = PROJECT / "functions" / "thumbnail"
    ran = run_with_layer(pillow, tmp_path, script, function, tmp_path / "photo.jpg")
    assert (ran.stdout.strip(), ran.stderr) == ("(109, 128)", "")


def test_the_archive_is_described_as_it_is(pillow):
    files = read_zip(pillow.path)
    assert all(name.startswith("python/") for name in files)
    assert not any(name.endswith(".pyc") for name in files)
    assert pillow.size_bytes == pillow.path.stat().st_size
    assert pillow.unzipped_bytes == sum(map(len, files.values()))
    assert pillow.sha256 == hashlib.sha256(pillow.path.read_bytes()).hexdigest()


def test_the_pillow_layer_is_the_same_when_it_is_built_again_elsewhere(pillow, cache):
    before = os.umask(0o077)
    try:
        other = build_layer("pillow", cache_dir=cache)
    finally:
        os.umask(before)
    assert not other.from_cache
    assert other.path.read_bytes() == pillow.path.read_bytes()


def test_a_pillow_layer_for_another_platform_cannot_be_imported_here(cache, tmp_path):
    platform = "macosx_11_0_arm64" if sys.platform == "linux" else "manylinux_2_34_x86_64"
    archive = build_layer("pillow", cache_dir=cache, platform=platform)
    ran = run_with_layer(archive, tmp_path, "from PIL import Image")
    assert "cannot import name '_imaging' from 'PIL'" in ran.stderr


def test_the_layers_pillow_is_the_version_of_the_labs_lock():
    wanted = (PROJECT / "layers" / "pillow" / "requirements.txt").read_text().splitlines()[-1]
    assert re.search(rf"^{re.escape(wanted)}\b", (PROJECT / "requirements.lock").read_text(), re.MULTILINE)


# The cache


def test_a_second_build_comes_from_the_cache_and_says_so(small, layer, cache):
    sentences: list[str] = []
    first = build_layer(layer, cache_dir=cache, progress=sentences.append)
    small.unlink()
    second = build_layer(layer, cache_dir=cache, progress=sentences.append)
    assert (first.from_cache, second.from_cache) == (False, True)
    assert (first.path, first.sha256, first.size_bytes) == (second.path, second.sha256, second.size_bytes)
    assert len(sentences) == 3
    assert "cache" in sentences[-1]
    assert archives(cache) == [first.path.with_suffix(".sha256").name, first.path.name]


def test_the_layer_holds_the_package_and_no_trace_of_this_installation(small, layer, cache):
    names = read_zip(build_layer(layer, cache_dir=cache).path)
    assert sorted(names) == [
        "python/small-1.0.dist-info/METADATA",
        "python/small-1.0.dist-info/WHEEL",
        "python/small-1.0.dist-info/entry_points.txt",
        "python/small/__init__.py",
    ]


def test_what_goes_into_a_layer_decides_its_place_in_the_cache(small, layer, cache):
    built = [
        build_layer(layer, cache_dir=cache),
        build_layer(layer, cache_dir=cache, python_version="3.9"),
        build_layer(layer, cache_dir=cache, platform="win_amd64"),
    ]
    (layer / "requirements.txt").write_text("small==1.0  # the first one\n")
    built.append(build_layer(layer, cache_dir=cache))
    assert not any(archive.from_cache for archive in built)
    assert len({archive.path for archive in built}) == len(built)


def test_a_damaged_archive_is_built_again(small, layer, cache):
    first = build_layer(layer, cache_dir=cache)
    good = first.path.read_bytes()
    damages = {
        "cut short": lambda: first.path.write_bytes(good[:-30]),
        "changed": lambda: first.path.write_bytes(good[:60] + b"\xff" + good[61:]),
        "no checksum": first.path.with_suffix(".sha256").unlink,
    }
    for name, damage in damages.items():
        damage()
        assert not build_layer(layer, cache_dir=cache).from_cache, name
        assert first.path.read_bytes() == good, name
        assert build_layer(layer, cache_dir=cache).from_cache, name


def test_what_a_killed_build_left_behind_is_cleared_away(small, layer, cache):
    first = build_layer(layer, cache_dir=cache)
    first.path.unlink()
    leftover = first.path.with_suffix(".building") / "packages" / "small"
    leftover.mkdir(parents=True)
    (leftover / "half.py").write_text("broken")
    again = build_layer(layer, cache_dir=cache)
    assert again.sha256 == first.sha256
    assert archives(cache) == [again.path.with_suffix(".sha256").name, again.path.name]


def test_pips_temporary_files_lie_where_a_later_build_clears_them(small, layer, cache, monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_LOG", str(tmp_path / "pip.log"))
    build_layer(layer, cache_dir=cache)
    found = re.findall(r"Created temporary directory: (.+)", (tmp_path / "pip.log").read_text())
    assert found
    assert all(Path(directory).is_relative_to(cache) for directory in found)


def test_two_builders_at_once_build_once(small, layer, cache):
    script = """
import json, sys
from pathlib import Path
from labsupport.packaging import build_layer
built = build_layer(Path(sys.argv[1]), cache_dir=Path(sys.argv[2]))
print(json.dumps([built.sha256, built.from_cache]))
"""
    command = [sys.executable, "-c", script, layer, cache]
    builders = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT) for _ in range(3)]
    results = [json.loads(builder.communicate(timeout=60)[0]) for builder in builders]
    assert len({sha256 for sha256, _ in results}) == 1
    assert sorted(from_cache for _, from_cache in results) == [False, True, True]


# What can go wrong


def test_an_unknown_layer_is_answered_with_those_that_exist(cache):
    with pytest.raises(LabError) as caught:
        build_layer("pilow", cache_dir=cache)
    assert "pilow" in caught.value.cause
    assert "pillow" in caught.value.next_step


def test_a_layer_without_packages_is_refused(wheels, layer, cache):
    (layer / "requirements.txt").write_text("# nothing yet\n")
    with pytest.raises(LabError, match="names no package"):
        build_layer(layer, cache_dir=cache)
    assert archives(cache) == []


def test_no_network_is_said_in_words(wheels, layer, cache, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_RETRIES", "0")
    # Nothing listens on the discard port, so pip really is refused a connection.
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(LabError, match="no network connection") as caught:
        build_layer(layer, cache_dir=cache)
    assert "small" in (caught.value.detail or "")
    assert archives(cache) == []


def test_a_wheel_for_a_newer_glibc_is_not_taken_and_the_missing_one_is_named(wheels, layer, cache):
    make_wheel(wheels, "small", {"small.py": b""}, tag="cp312-cp312-manylinux_2_28_x86_64")
    built = build_layer(layer, cache_dir=cache, python_version="3.12", platform="manylinux_2_34_x86_64")
    assert "python/small.py" in read_zip(built.path)
    before = archives(cache)
    with pytest.raises(LabError) as caught:
        build_layer(layer, cache_dir=cache, python_version="3.12", platform="manylinux_2_26_x86_64")
    assert "no wheel of small==1.0 for Python 3.12 on manylinux_2_26_x86_64" in caught.value.cause
    assert "No matching distribution" in (caught.value.detail or "")
    assert archives(cache) == before


def test_the_learners_own_pip_settings_may_not_break_a_build(small, layer, cache, monkeypatch):
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_NO_BINARY", ":all:")
    assert not build_layer(layer, cache_dir=cache).from_cache


def test_a_cache_that_is_no_folder_is_said_in_words(small, layer, cache):
    cache.write_text("")
    with pytest.raises(LabError, match=r"cache can't be used"):
        build_layer(layer, cache_dir=cache)


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("UNZIPPED_LIMIT_BYTES", 2 * MB, r"Unzipped it has 3\.0 MB\. Lambda allows 2 MB"),
        ("UPLOAD_LIMIT_BYTES", 1 * MB, r"Its zip has 1\.\d MB\. Lambda takes 1 MB"),
    ],
)
def test_a_layer_above_lambdas_limits_is_refused_with_the_number(
    wheels, layer, cache, monkeypatch, limit, value, message
):
    make_wheel(wheels, "small", {"random.bin": os.urandom(3 * MB // 2), "zeros.bin": bytes(3 * MB // 2)})
    monkeypatch.setattr(layers, limit, value)
    with pytest.raises(LabError, match=message):
        build_layer(layer, cache_dir=cache)
    assert archives(cache) == []


FULL_DISK = """
import json, os, subprocess, sys
from pathlib import Path
from labsupport.errors import LabError
from labsupport.packaging import build_layer
layer, disk = Path(sys.argv[1]), Path(sys.argv[2])
def left():
    return [str(path.relative_to(disk)) for path in disk.rglob("*") if path.suffix != ".lock"]
try:
    build_layer(layer, cache_dir=disk / "cache")
except LabError as error:
    failed = {"cause": error.cause, "detail": error.detail, "left": left()}
subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
built = build_layer(layer, cache_dir=disk / "cache")
print(json.dumps({**failed, "then": built.from_cache}))
"""


@pytest.mark.parametrize(
    ("size_mb", "who_fails"), [(2, "pip"), (5, "the zip")], ids=["pip fills it", "the zip fills it"]
)
def test_a_full_disk_leaves_nothing_half_made(wheels, layer, tmp_path, monkeypatch, size_mb, who_fails):
    monkeypatch.setenv("PIP_QUIET", "3")  # even then we learn why pip failed
    make_wheel(wheels, "small", {"random.bin": os.urandom(3 * MB)})
    disk = tmp_path / "disk"
    disk.mkdir()
    in_namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    mount = f"mount -t tmpfs -o size={size_mb}m none '{disk}'"
    if not shutil.which("unshare") or subprocess.run([*in_namespace, "sh", "-c", mount]).returncode:
        pytest.skip("this machine lets no ordinary user mount a small disk (user namespaces)")
    builder = [sys.executable, "-c", FULL_DISK, str(layer), str(disk)]
    ran = subprocess.run(
        [*in_namespace, "sh", "-c", f'{mount} && exec "$@"', "sh", *builder],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    assert result["cause"].startswith("The disk is full")
    assert ("No space left" in (result["detail"] or "")) == (who_fails == "pip")
    assert result["left"] == ["cache"]
    assert result["then"] is False


@pytest.mark.parametrize(
    "name", ["../evil.py", "small/../../evil.py", "/tmp/evil.py", "small-1.0.data/purelib/../../../evil.py"]
)
def test_a_wheel_that_leads_out_of_its_folder_is_refused(layer, wheels, cache, tmp_path, name):
    make_wheel(wheels, "small", {"small/__init__.py": b"", name: b"evil"})
    with pytest.raises(LabError):
        build_layer(layer, cache_dir=cache)
    assert not list(tmp_path.rglob("evil.py")) and not Path("/tmp/evil.py").exists()
    assert archives(cache) == []
