"""Layers, built from layers/<name>/requirements.txt."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from platform import libc_ver

from labsupport.errors import LabError
from labsupport.packaging import layer_cache
from labsupport.packaging.layer_cache import LayerArchive
from labsupport.packaging.wheels import install_wheels
from labsupport.packaging.zips import zip_directory
from labsupport.settings import PROJECT

BUILDER_VERSION = "1"
"""Part of the cache key. Raise it when this package makes other bytes of the same requirements."""

FOLDER = "python/"
"""Where Lambda's Python runtime looks for packages in a layer, which it unpacks under /opt.

https://docs.aws.amazon.com/lambda/latest/dg/python-layers.html
"""

MB = 1024 * 1024
UNZIPPED_LIMIT_BYTES = 250 * MB
UPLOAD_LIMIT_BYTES = 50 * MB


def build_layer(
    name_or_dir: str | os.PathLike[str],
    *,
    cache_dir: Path,
    python_version: str | None = None,
    platform: str | None = None,
    progress: Callable[[str], object] = lambda sentence: None,
) -> LayerArchive:
    """Build a layer with pip, or take it from the cache (notebook 04_pillow_layer).

    `name_or_dir` is a directory with a requirements.txt, or the name of one under layers/.
    `python_version` is such as "3.12"; None means: this Python. `platform` is a wheel platform tag such as
    lambda_platform() returns; None means: this machine. `progress` is called with short sentences.

    Raises:
        LabError: no such layer, no network, no fitting wheel, a full disk, or more than Lambda takes.
    """
    directory = _find(name_or_dir)
    requirements = directory / "requirements.txt"
    doing = f"building the layer {directory.name}"
    version = python_version or f"{sys.version_info.major}.{sys.version_info.minor}"
    archive = cache_dir / f"{directory.name}-{_content_key(requirements, version, platform)}.zip"
    with layer_cache.disk_errors_explained(doing, cache_dir):
        cache_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with layer_cache.locked(archive.with_suffix(".lock"), doing, progress):
            cached = layer_cache.read(archive)
            if cached:
                progress(f"The layer {directory.name} is in the cache ({cached.size_bytes / MB:.1f} MB).")
                return cached
            where = platform or "this machine"
            progress(f"Asking pip for the wheels of {directory.name}: Python {version}, {where}.")
            started = time.monotonic()
            built = _build(requirements, archive, version, platform, doing)
            seconds = time.monotonic() - started
            progress(f"Built the layer {directory.name}: {built.size_bytes / MB:.1f} MB in {seconds:.1f} s.")
            return built


def _find(name_or_dir: str | os.PathLike[str]) -> Path:
    directory = Path(name_or_dir)
    is_name = isinstance(name_or_dir, str) and len(directory.parts) == 1
    if is_name:
        directory = PROJECT / "layers" / directory
    if (directory / "requirements.txt").is_file():
        return directory
    known = sorted(file.parent.name for file in (PROJECT / "layers").glob("*/requirements.txt"))
    raise LabError(
        doing=f"looking for the layer {name_or_dir}",
        cause=f"There is no {directory / 'requirements.txt'}.",
        next_step=f"Write that file, or use a layer that exists: {', '.join(known)}.",
    )


def _content_key(requirements: Path, python_version: str, platform: str | None) -> str:
    this_machine = "-".join([sysconfig.get_platform(), *libc_ver()])
    parts = [BUILDER_VERSION, python_version, platform or this_machine, requirements.read_text("utf-8")]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _build(
    requirements: Path, archive: Path, python_version: str, platform: str | None, doing: str
) -> LayerArchive:
    # The lock is ours, so what stands here was left by a build that was killed.
    scratch = archive.with_suffix(".building")
    shutil.rmtree(scratch, ignore_errors=True)
    packages, temporary, finished = scratch / "packages", scratch / "tmp", scratch / "layer.zip"
    try:
        packages.mkdir(parents=True)
        temporary.mkdir()
        install_wheels(
            requirements,
            packages,
            python_version=python_version,
            platform=platform,
            scratch=temporary,
            doing=doing,
        )
        finished.write_bytes(zip_directory(packages, prefix=FOLDER, exclude=()))
        _check_limits(finished, doing, requirements)
        return layer_cache.store(finished, archive)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _check_limits(finished: Path, doing: str, requirements: Path) -> None:
    """Refuse what Lambda would refuse: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
    size_bytes, unzipped_bytes = finished.stat().st_size, layer_cache.unzipped_bytes(finished)
    next_step = f"Remove packages from {requirements}."
    if not unzipped_bytes:
        cause, next_step = "Its requirements.txt names no package.", f"Name one in {requirements}."
    elif unzipped_bytes > UNZIPPED_LIMIT_BYTES:
        limit = f"{UNZIPPED_LIMIT_BYTES // MB} MB for a function and all its layers"
        cause = f"Unzipped it has {unzipped_bytes / MB:.1f} MB. Lambda allows {limit}."
    elif size_bytes > UPLOAD_LIMIT_BYTES:
        cause = (
            f"Its zip has {size_bytes / MB:.1f} MB. Lambda takes {UPLOAD_LIMIT_BYTES // MB} MB in an upload."
        )
    else:
        return
    raise LabError(doing=doing, cause=cause, next_step=next_step)
