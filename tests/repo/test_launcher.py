"""`./lab` in a copy of the checkout: a PATH of our own, a stand-in for uv, each failure really provoked."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REAL_PYTHON = os.path.realpath(sys.executable)
TOOLS = ["cat", "cksum", "date", "dirname", "grep", "mkdir", "readlink", "rm", "sed", "sh", "sleep", "tail"]

MAIN = """
import json, os, sys
try:
    lock_is_held = bool(os.fstat(9))
except OSError:
    lock_is_held = False
report = {"arguments": sys.argv[1:], "python": sys.executable, "cwd": os.getcwd(), "locked": lock_is_held}
print(json.dumps(report))
sys.exit(7 if sys.argv[1:] == ["seven"] else 0)
"""

# Does to .venv what the launcher needs of uv, and notes each call in calls.txt beside itself.
UV = """#!/bin/sh
here=$(dirname "$0")
case "$*" in
    --version) exit 0 ;;
    "python find"*) exit 1 ;;
    venv*) exec {python} -m venv --without-pip "$6" ;;
esac
echo "$*" >>"$here/calls.txt"
case "$*" in
    *"-e .") for site in .venv/lib/python*/site-packages; do pwd >"$site/lab.pth"; done ;;
    *) if [ -f "$here/installer.sh" ]; then . "$here/installer.sh"; fi ;;
esac
"""


class Checkout:
    """A copy of what the launcher reads, and the PATH that it runs with."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "lab with spaces"
        self.bin = folder / "bin"
        self.venv = self.root / ".venv"
        self.started: list[subprocess.Popen[str]] = []
        self.bin.mkdir()
        package = self.root / "labsupport"
        package.mkdir(parents=True)
        (package / "__main__.py").write_text(MAIN)
        for name in ("lab", "pyproject.toml"):
            shutil.copy(ROOT / name, self.root)
        shutil.copytree(ROOT / "jupyter", self.root / "jupyter")
        for lock in ("requirements.lock", "requirements-test.lock"):
            hashed = f"no-such-package==1.0 --hash=sha256:{64 * '0'}\n"
            (self.root / lock).write_text(hashed)
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or pytest.fail(f"{tool} is not on this machine"))

    def put(self, name: str, script: str) -> None:
        """Put a program on PATH."""
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def put_python(self) -> None:
        self.put("python3", f'#!/bin/sh\nexec {REAL_PYTHON} "$@"\n')

    def put_uv(self) -> None:
        self.put("uv", UV.format(python=REAL_PYTHON))

    def let_the_installer(self, script: str) -> None:
        """Have the stand-in for uv run this whenever it installs a lock."""
        (self.bin / "installer.sh").write_text(script)

    @property
    def locks_installed(self) -> list[str]:
        calls = self.bin / "calls.txt"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return [line.split()[-1] for line in lines if line.endswith(".lock")]

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [self.root / "lab", *arguments],
            env={"PATH": str(self.bin), "HOME": str(self.bin), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def end_all(self) -> None:
        """End what a failed test has left running."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=180)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def fails(self, *arguments: str, **environment: str) -> str:
        """Run it, expect a failure that says what to do, and return the message."""
        result = self.run(*arguments, **environment)
        assert result.returncode == 1, result
        assert result.stdout == ""
        doing, what_to_do = result.stderr.splitlines()[-2:]
        assert doing.startswith("While ")
        assert what_to_do.startswith("What to do: ")
        return result.stderr

    def works(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        result = self.run(*arguments, **environment)
        assert result.returncode == 0, result.stderr
        return result


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Checkout]:
    """Return a fresh checkout on a machine without Python."""
    checkout = Checkout(tmp_path)
    yield checkout
    checkout.end_all()


@pytest.fixture
def fresh(bare: Checkout) -> Checkout:
    """Return a fresh checkout on a machine with Python and (a stand-in for) uv."""
    bare.put_python()
    bare.put_uv()
    return bare


@pytest.fixture
def ready(fresh: Checkout) -> Checkout:
    """Return a checkout that is set up."""
    fresh.works("status")
    return fresh


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)


# Which Python


def test_when_there_is_no_python_then_it_says_how_to_get_one(bare: Checkout) -> None:
    message = bare.fails("open")
    assert "looking for Python 3.11 to 3.14: No such Python runs here." in message
    assert "sudo apt install python3 python3-venv" in message


@pytest.mark.parametrize(("version", "verdict"), [("2.7", "old"), ("3.10", "old"), ("3.15", "new")])
def test_when_python_is_unsupported_then_it_says_which_and_why(
    bare: Checkout, version: str, verdict: str
) -> None:
    bare.put("python3", f"#!/bin/sh\nprintf '{version} /opt/python'\n")
    assert f"Python {version} (/opt/python) is too {verdict}." in bare.fails("open")


def test_when_a_shim_on_the_path_fails_then_the_next_python_is_taken(fresh: Checkout) -> None:
    (fresh.bin / "python3").rename(fresh.bin / "python3.12")
    fresh.put("python3", "#!/bin/sh\necho 'pyenv: python3: command not found' >&2\nexit 127\n")
    assert fresh.works("status").stdout


def test_when_lab_python_does_not_run_then_it_is_named(ready: Checkout) -> None:
    assert "LAB_PYTHON is /no/such/python." in ready.fails("open", LAB_PYTHON="/no/such/python")
    assert ready.locks_installed == ["requirements.lock"]


def test_when_lab_python_is_the_one_in_use_then_nothing_is_installed_again(ready: Checkout) -> None:
    ready.works("status", LAB_PYTHON=REAL_PYTHON)
    assert ready.locks_installed == ["requirements.lock"]


def test_when_the_venv_module_is_missing_then_it_names_the_package(bare: Checkout) -> None:
    bare.put("python3", '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; *) printf "3.12 $0" ;; esac\n')
    message = bare.fails("open")
    assert "comes without the venv module" in message
    assert "sudo apt install python3.12-venv" in message


# Setting up


def test_when_it_sets_up_then_only_the_command_writes_to_stdout(fresh: Checkout) -> None:
    result = fresh.works("env", "two words")
    assert '"arguments": ["env", "two words"]' in result.stdout
    assert str(fresh.venv / "bin" / "python") in result.stdout
    assert '"locked": false' in result.stdout
    assert result.stdout.count("\n") == 1
    assert "Setting up the lab in" in result.stderr
    assert fresh.locks_installed == ["requirements.lock"]


def test_when_it_is_set_up_then_it_needs_no_python_on_the_path_and_passes_the_exit_code(
    ready: Checkout,
) -> None:
    (ready.bin / "python3").unlink()
    (ready.bin / "uv").unlink()
    result = ready.run("seven")
    assert (result.returncode, result.stderr) == (7, "")


def test_when_it_is_called_through_a_link_from_elsewhere_then_it_finds_its_folder(ready: Checkout) -> None:
    link = ready.bin / "lab"
    link.symlink_to(ready.root / "lab")
    result = subprocess.run(
        [link, "status"], cwd="/", env={"PATH": str(ready.bin)}, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert '"cwd": "/"' in result.stdout


def test_when_modules_lie_in_the_current_folder_then_they_do_not_stand_in_for_ours(ready: Checkout) -> None:
    (ready.bin / "labsupport").mkdir()
    (ready.bin / "labsupport" / "__main__.py").write_text("raise SystemExit('the wrong one')")
    environment = {"PATH": str(ready.bin), "PYTHONPATH": str(ready.bin)}
    subprocess.run([ready.root / "lab", "status"], cwd=ready.bin, env=environment, check=True)


def test_when_the_lock_changes_then_the_packages_are_updated_in_place(ready: Checkout) -> None:
    (ready.venv / "kept").touch()
    with (ready.root / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    assert "Updating" in ready.works("status").stderr
    assert (ready.venv / "kept").exists()
    assert len(ready.locks_installed) == 2


def test_when_the_folder_was_moved_then_its_venv_is_made_anew(ready: Checkout) -> None:
    (ready.venv / "kept").touch()
    ready.root = ready.root.rename(ready.root.with_name("moved"))
    ready.venv = ready.root / ".venv"
    assert str(ready.venv) in ready.works("status").stdout
    assert not (ready.venv / "kept").exists()


def test_when_the_tests_are_run_then_their_lock_serves_the_course_too(fresh: Checkout) -> None:
    fresh.works("test")
    fresh.works("test")
    fresh.works("status")
    assert fresh.locks_installed == ["requirements-test.lock"]


# A half-made .venv


@pytest.mark.parametrize("left", ["an empty folder", "a file", "a dead link to Python"])
def test_when_the_venv_is_half_made_then_it_is_repaired(fresh: Checkout, left: str) -> None:
    if left == "a file":
        fresh.venv.touch()
    else:
        (fresh.venv / "bin").mkdir(parents=True)
    if left == "a dead link to Python":
        (fresh.venv / "bin" / "python").symlink_to("/no/such/python")
    fresh.works("status")


def test_when_an_installation_was_killed_then_the_venv_is_made_anew(ready: Checkout) -> None:
    started = ready.bin / "started"
    ready.let_the_installer(f": >'{started}'; sleep 60")
    (ready.venv / "half-installed").touch()
    (ready.venv / "lab-stamp").unlink()
    process = ready.start("status")
    wait_for(started)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)

    ready.let_the_installer(":")
    assert "Setting up" in ready.works("status").stderr
    assert not (ready.venv / "half-installed").exists()


def test_when_its_python_was_uninstalled_then_the_venv_is_made_anew(ready: Checkout) -> None:
    (ready.venv / "bin" / "python").unlink()
    (ready.venv / "bin" / "python").symlink_to("/no/such/python")
    assert "Setting up" in ready.works("status").stderr


def test_when_an_installation_is_interrupted_then_it_says_that_nothing_is_lost(fresh: Checkout) -> None:
    started = fresh.bin / "started"
    fresh.let_the_installer(f": >'{started}'; sleep 60")
    process = fresh.start("status")
    wait_for(started)
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does on Ctrl+C
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "Interrupted. The next ./lab starts again."

    fresh.let_the_installer(":")
    assert "Setting up" in fresh.works("status").stderr


def test_when_two_start_at_once_then_one_installs_and_the_other_waits(fresh: Checkout) -> None:
    started, go_on = fresh.bin / "started", fresh.bin / "go-on"
    fresh.let_the_installer(f": >'{started}'; until [ -f '{go_on}' ]; do sleep 0.1; done")
    first = fresh.start("status")
    wait_for(started)
    second = fresh.start("status")
    assert second.stderr is not None
    assert "Waiting for it to finish" in second.stderr.readline()
    go_on.touch()
    for process in (first, second):
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert "arguments" in out
    assert fresh.locks_installed == ["requirements.lock"]


# What can go wrong on the way


@pytest.fixture(scope="module")
def with_pip(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout on a machine with Python and without uv; pip takes seconds to arrive in a .venv."""
    checkout = Checkout(tmp_path_factory.mktemp("with-pip"))
    checkout.put_python()
    return checkout


def test_when_there_is_no_network_then_pip_is_not_left_to_explain_it(with_pip: Checkout) -> None:
    proxy = "http://127.0.0.1:9"
    message = with_pip.fails(
        "open", HTTPS_PROXY=proxy, HTTP_PROXY=proxy, PIP_RETRIES="1", PIP_CONFIG_FILE="/dev/null"
    )
    assert "The package index can't be reached." in message
    assert "Connect to the internet" in message


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not on this machine")
def test_when_there_is_no_network_then_uv_is_not_left_to_explain_it(bare: Checkout, tmp_path: Path) -> None:
    bare.put_python()
    (bare.bin / "uv").symlink_to(shutil.which("uv") or "")
    proxy = "http://127.0.0.1:9"
    cache = str(tmp_path / "cache")
    message = bare.fails(
        "open", HTTPS_PROXY=proxy, ALL_PROXY=proxy, UV_CACHE_DIR=cache, UV_HTTP_RETRIES="0", UV_NO_CONFIG="1"
    )
    assert "The package index can't be reached." in message


def test_when_a_package_is_not_the_locked_one_then_pip_refuses_it(with_pip: Checkout, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "no_such_package-1.0-py3-none-any.whl", "w") as wheel:
        metadata = "no_such_package-1.0.dist-info/METADATA"
        wheel.writestr(metadata, "Metadata-Version: 2.1\nName: no-such-package\nVersion: 1.0\n")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}
    assert "its checksum differs" in with_pip.fails("open", **offline)


def test_when_the_test_packages_cannot_be_fetched_then_the_course_still_opens(ready: Checkout) -> None:
    ready.let_the_installer("echo 'error: Failed to fetch: dns error' && exit 2")
    ready.fails("test")
    assert ready.works("open").stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")
def test_when_the_disk_is_full_then_it_says_so_and_the_next_run_starts_over(ready: Checkout) -> None:
    (ready.venv / "half-installed").touch()
    (ready.venv / "lab-stamp").unlink()
    ready.let_the_installer("cat pyproject.toml >/dev/full")
    assert "The disk is full." in ready.fails("open")

    ready.let_the_installer(":")
    ready.works("open")
    assert not (ready.venv / "half-installed").exists()


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("error: Hash mismatch for `boto3`", "its checksum differs"),
        ("error sending request: invalid peer certificate: UnknownIssuer", "certificate is not trusted"),
        ("error: something nobody thought of", "The installer failed"),
    ],
)
def test_when_the_installer_fails_then_its_last_words_and_a_reason_are_shown(
    fresh: Checkout, output: str, sentence: str
) -> None:
    fresh.let_the_installer(f"echo '{output}' && exit 2")
    message = fresh.fails("open")
    assert output in message
    assert sentence in message


@pytest.mark.parametrize(
    ("command", "name"),
    [("open", "requirements.lock"), ("test", "requirements-test.lock"), ("open", "pyproject.toml")],
)
def test_when_a_file_is_missing_then_it_is_named(fresh: Checkout, command: str, name: str) -> None:
    (fresh.root / name).unlink()
    assert f"{name} is missing" in fresh.fails(command)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that other users can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


def test_when_the_checkout_is_read_only_then_it_says_where_to_go(open_folder: Path) -> None:
    checkout = Checkout(open_folder)
    checkout.root.chmod(0o555)
    result = subprocess.run(
        [checkout.root / "lab", "open"],
        env={"PATH": str(checkout.bin)},
        user="nobody" if os.getuid() == 0 else None,
        capture_output=True,
        text=True,
    )
    checkout.root.chmod(0o755)
    assert result.returncode == 1
    assert f"{checkout.root} can't be written to (Permission denied)." in result.stderr
    assert "What to do: Copy the folder" in result.stderr
