"""Start, find and stop the local cloud from any process.

Two notebooks may start it at the same moment, the record may be stale, the server may have been killed:
each of these ends with one running server. Two rules make that so:

* Whoever starts the server holds `start.lock`, and hands it down to the server, which lets go of it when
  it is ready (or dies). Everybody else waits on that lock instead of asking again and again.
* A record counts only when its process has the record's instance id in its command line, and answers with it.
  Start times would not do: they move when the machine's clock is set.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil

from labsupport.errors import CloudError
from labsupport.localcloud.private_files import append_private, make_private_folder
from labsupport.localcloud.record import RECORD_FILE, CloudRecord

START_LOCK = "start.lock"
LOG_FILE = "cloud.log"
LOG_LIMIT_BYTES = 5_000_000
START_DEADLINE_SECONDS = 30.0
STOP_DEADLINE_SECONDS = 10.0
# A server that lives may be busy: it is replaced only when it stays silent for this long.
HEALTH_DEADLINE_SECONDS = 10.0
HEALTH_PATH = "/_lab/health"

# The learner's own proxy settings must not send loopback traffic elsewhere.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def start(home: Path, *, port: int | None = None, wait: bool = True) -> CloudRecord | None:
    """Start the local cloud of this home, or return the one that runs.

    Args:
        home: the lab's home, made when missing.
        port: the loopback port; by default the one it had last, or else a free one.
        wait: False returns None at once while the server starts; `wait_until_ready` finishes the job.

    Raises:
        CloudError: the home can't be written, the port is taken, or the server didn't become ready.
    """
    with _start_lock(home, START_DEADLINE_SECONDS) as lock:
        running = find(home)
        if running is not None:
            if port is not None and port != running.port:
                raise CloudError(
                    doing=f"starting the local cloud on port {port}",
                    cause=f"this lab's cloud already runs on port {running.port}.",
                    next_step="Use it as it is, or run `./lab stop` first.",
                )
            return running
        _end_leftover(home)
        _make_home(home)
        server, ready = _spawn(home, port, lock)
        if not wait:
            os.close(ready)
            return None
        _wait_for(server, ready, home)
    record = find(home)
    if record is None:
        raise _did_not_start(home, "it said that it was ready, and then didn't answer.")
    return record


def find(home: Path) -> CloudRecord | None:
    """Return the record of the running cloud, or None. Never starts anything."""
    record = CloudRecord.read(home)
    if record is None or _server_process(record) is None:
        return None
    health = ask_health(record.url, HEALTH_DEADLINE_SECONDS)
    return record if health is not None and health.get("instance") == record.instance else None


def wait_until_ready(home: Path, timeout_seconds: float = START_DEADLINE_SECONDS) -> CloudRecord:
    """Wait for a start that is under way, and return the record.

    Raises:
        CloudError: no cloud is running once the start is over.
    """
    with _start_lock(home, timeout_seconds):
        record = find(home)
    if record is None:
        raise _did_not_start(home, "no server is running.")
    return record


def stop(home: Path) -> bool:
    """Stop the cloud of this home. Its state is kept. Returns whether one was running."""
    if not home.is_dir():
        return False
    with _start_lock(home, START_DEADLINE_SECONDS):
        return _end_leftover(home)


def ask_health(url: str, timeout_seconds: float = 2.0) -> dict[str, object] | None:
    """Ask a server who it is: {"instance", "pid", "ministack", ...}, or None without an answer."""
    try:
        with _opener.open(url + HEALTH_PATH, timeout=timeout_seconds) as answer:
            health = json.load(answer)
    except (OSError, ValueError):
        return None
    return health if isinstance(health, dict) else None


def log_tail(home: Path, lines: int = 8) -> str:
    """Return the last lines of the server's log."""
    try:
        return "\n".join((home / LOG_FILE).read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def _make_home(home: Path) -> None:
    try:
        for part in ("state", "work", "cache"):
            make_private_folder(home / part)
    except OSError as error:
        raise _not_written(home, error) from error


def _not_written(home: Path, error: OSError) -> CloudError:
    return CloudError(
        doing="starting the local cloud",
        cause=f"its folder {home} can't be written: {error.strerror}.",
        next_step="Free some space or fix the folder's permissions, or name another one in LAB_HOME.",
    )


@contextlib.contextmanager
def _start_lock(home: Path, timeout_seconds: float) -> Iterator[int]:
    """Hold the start lock; the server inherits it and keeps it until it is ready."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(home / START_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _not_written(home, error) from error
    try:
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise _did_not_start(
                        home, f"another start is still under way after {timeout_seconds:.0f} s."
                    ) from None
                time.sleep(0.02)  # flock has no timeout of its own
        yield lock
    finally:
        os.close(lock)


def _spawn(home: Path, port: int | None, lock: int) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server process. Returns it and the pipe on which it says that it is ready."""
    ready, ready_write = os.pipe()
    log_path = home / LOG_FILE
    if log_path.exists() and log_path.stat().st_size > LOG_LIMIT_BYTES:
        os.replace(log_path, log_path.with_suffix(".log.1"))
    command = [sys.executable, "-m", "labsupport.localcloud.server", "--home", str(home)]
    command += ["--instance", str(uuid.uuid4()), "--ready-fd", str(ready_write), "--lock-fd", str(lock)]
    if port is not None:
        command += ["--port", str(port)]
    package_root = str(Path(__file__).resolve().parents[2])
    python_path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH", "")]))
    with open(append_private(log_path), "ab") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in a terminal ends JupyterLab, not the cloud
            pass_fds=(ready_write, lock),
            cwd=home,
            env={**os.environ, "PYTHONPATH": python_path},
        )
    os.close(ready_write)
    # The server outlives whoever starts it. Should it end first, somebody has to take note of it, or it
    # stays in the process table.
    threading.Thread(target=server.wait, name="cloud-reaper", daemon=True).start()
    return server, ready


def _wait_for(server: subprocess.Popen[bytes], ready: int, home: Path) -> None:
    """Wait until the server says "ready" or why it can't; its death closes the pipe and wakes us too."""
    said = b""
    deadline = time.monotonic() + START_DEADLINE_SECONDS
    with contextlib.closing(os.fdopen(ready, "rb", buffering=0)) as pipe:
        while b"\n" not in said:
            readable, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                server.kill()
                raise _did_not_start(home, f"it was not ready within {START_DEADLINE_SECONDS:.0f} s.")
            chunk = pipe.read(4096)
            if not chunk:
                raise _did_not_start(home, "the server process ended.")
            said += chunk
    word = said.decode().strip()
    if word != "ready":
        raise CloudError(
            doing="starting the local cloud",
            cause=word,
            next_step="Leave the port out, or name another one."
            if word.startswith("port ")
            else "Change or unset the variable that is named, and start again.",
        )


def _server_process(record: CloudRecord) -> psutil.Process | None:
    """Return the record's process if it is alive and no other process got its pid."""
    try:
        process = psutil.Process(record.pid)
        return process if record.instance in process.cmdline() else None
    except psutil.Error:  # a zombie has no command line
        return None


def _end_leftover(home: Path) -> bool:
    """End the recorded server, however it feels, and clear what it left. Returns whether it was alive."""
    record = CloudRecord.read(home)
    process = _server_process(record) if record else None
    if process is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
            try:
                process.wait(STOP_DEADLINE_SECONDS)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(STOP_DEADLINE_SECONDS)
    (home / RECORD_FILE).unlink(missing_ok=True)
    shutil.rmtree(home / "work", ignore_errors=True)
    (home / "work").mkdir(exist_ok=True, mode=0o700)
    return process is not None


def _did_not_start(home: Path, cause: str) -> CloudError:
    return CloudError(
        doing="starting the local cloud",
        cause=cause,
        next_step=f"Run `./lab doctor`, or read {home / LOG_FILE}.",
        detail=log_tail(home) or None,
    )
