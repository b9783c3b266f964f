"""Fixtures of every kind of test: the local cloud's process (session), and the settings of one test."""

from __future__ import annotations

import compileall
import signal
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from _pytest.assertion import rewrite

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
    """Compile once what several processes read.

    That is the package, whose copies (tests/checkout.py) are read by hundreds of them, and the tests: every
    worker collects them all. Pytest keeps a test file with its rewritten assertions as bytecode, but workers
    that begin together would each rewrite every file, for 8 s. So each does a share of it for all.
    """
    worker = getattr(config, "workerinput", None)
    if worker is None:
        compileall.compile_dir(ROOT / "labsupport", quiet=1)
        compileall.compile_dir(ROOT / "tests", maxlevels=0, quiet=1)
    elif rewrite.assertstate_key in config.stash:  # not with --assert=plain
        folders = [Path(argument) for argument in config.args]  # or single files, which have none below them
        files = sorted(file for folder in folders for file in folder.rglob("test_*.py"))
        keep_rewritten(config, files[int(worker["workerid"].removeprefix("gw")) :: worker["workercount"]])


def keep_rewritten(config: pytest.Config, files: list[Path]) -> None:
    """Keep these files as pytest itself does, also where PYTHONDONTWRITEBYTECODE is set."""
    state = config.stash[rewrite.assertstate_key]
    for file in files:
        kept = rewrite.get_cache_dir(file) / (file.name.removesuffix(".py") + rewrite.PYC_TAIL)
        kept.parent.mkdir(parents=True, exist_ok=True)
        if rewrite._read_pyc(file, kept) is None:
            source_hash, code = rewrite._rewrite_test(file, config)
            rewrite._write_pyc(state, code, source_hash, kept)


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


@pytest.fixture(scope="session")
def caretaker(cloud: CloudRecord, cloud_home: Path) -> Target:
    """Return who tears down after all tests. Asking what is there takes fifteen clients, made once here."""
    return connect(replace(Settings.from_environment({}), home=cloud_home, owner="caretaker"))


@pytest.fixture
def target(caretaker: Target, settings: Settings) -> Iterator[Target]:
    yield connect(settings, notebook="05")
    teardown(caretaker, owner=settings.owner, late_log_seconds=0)


@pytest.fixture
def lab(caretaker: Target, settings: Settings) -> Iterator[Lab]:
    yield Lab("05", settings=settings)
    teardown(caretaker, owner=settings.owner, late_log_seconds=0)
