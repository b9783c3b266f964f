"""Fixtures of every kind of test: the local cloud's process (session), and the settings of one test."""

from __future__ import annotations

import compileall
import signal
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from labsupport.lab import Lab
from labsupport.localcloud import supervisor
from labsupport.localcloud.record import CloudRecord
from labsupport.settings import Settings
from labsupport.target import Target, connect
from labsupport.teardown import teardown
from tests.checkout import ROOT

# A shell that starts pytest in the background has it ignore Ctrl-C, and so would everything that pytest
# starts. With a handler of its own, its children begin with the usual one.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Compile the package once: its copies (tests/checkout.py) are read by hundreds of processes."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(ROOT / "labsupport", quiet=1)


@pytest.fixture(scope="session")
def layer_cache(pytestconfig: pytest.Config) -> Path:
    """Return a cache of layers that outlives the session, as the lab's own does: pip is asked once."""
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("layers")


@pytest.fixture(scope="session")
def cloud_home(tmp_path_factory: pytest.TempPathFactory, layer_cache: Path) -> Path:
    home = tmp_path_factory.mktemp("lab-home")
    (home / "cache").symlink_to(layer_cache)
    return home


@pytest.fixture(scope="session")
def cloud(cloud_home: Path) -> Iterator[CloudRecord]:
    """Start one local cloud for all tests of a session; their owners keep them apart."""
    record = supervisor.start(cloud_home)
    assert record is not None
    yield record
    supervisor.stop(cloud_home)


@pytest.fixture
def settings(cloud_home: Path) -> Settings:
    """Return the lab's settings with an owner of this test's own."""
    return replace(Settings.from_environment({}), home=cloud_home, owner=f"t{uuid.uuid4().hex[:8]}")


@pytest.fixture
def target(cloud: CloudRecord, settings: Settings) -> Iterator[Target]:
    target = connect(settings, notebook="05")
    yield target
    teardown(target, late_log_seconds=0)


@pytest.fixture
def lab(cloud: CloudRecord, settings: Settings) -> Iterator[Lab]:
    lab = Lab("05", settings=settings)
    yield lab
    teardown(lab.target, late_log_seconds=0)
