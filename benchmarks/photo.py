"""A photo's way: put into the bucket, thumbnail in the other one. Cold, and with everything warm."""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.cbook

from benchmarks.figure import Figure, median_seconds, seconds
from labsupport.lab import Lab
from labsupport.localcloud import supervisor
from labsupport.settings import Settings


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as directory:
        settings = replace(Settings.from_environment({}), home=Path(directory) / "home", owner="bench")
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                lab = Lab("05", settings=settings)
                buckets = _deploy(lab)
            photo = Path(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)).read_bytes()
            names = iter(range(100))

            def upload() -> None:
                _thumbnail(lab, *buckets, f"{next(names)}.jpg", photo)

            yield Figure("Photo to thumbnail, cold start", seconds(upload))
            yield Figure("Photo to thumbnail, warm", median_seconds(upload, 15))
        finally:
            supervisor.stop(settings.home)


def _deploy(lab: Lab) -> tuple[str, str]:
    source, target = lab.deploy_bucket("photos"), lab.deploy_bucket("thumbnails")
    failed = lab.deploy_queue("failed")
    function = lab.deploy_function(
        "thumbnail",
        layers=[lab.deploy_layer("pillow")],
        environment={"TARGET_BUCKET": target},
        values={"source_bucket": source, "target_bucket": target, "failure_queue": failed.arn.split(":")[-1]},
        memory_mb=1769,
        timeout_seconds=20,
    )
    lab.allow_invoke(
        "thumbnail", service="s3.amazonaws.com", source_arn=f"arn:aws:s3:::{source}", statement_id="s3"
    )
    lab.notify_function("photos", function.arn, prefix="raw/")
    return source, target


def _thumbnail(lab: Lab, source: str, target: str, name: str, photo: bytes) -> None:
    """Upload, and ask for the thumbnail until it is there."""
    s3: Any = lab.client("s3")
    s3.put_object(Bucket=source, Key=f"raw/{name}", Body=photo)
    deadline = time.monotonic() + 30
    while s3.list_objects_v2(Bucket=target, Prefix=f"thumbnails/{name}")["KeyCount"] == 0:
        assert time.monotonic() < deadline, "no thumbnail came"
