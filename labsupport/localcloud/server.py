"""The server process of the local cloud: `python -m labsupport.localcloud.server --home DIR`.

Started by supervisor.py only. It lives until SIGTERM, and says on the ready pipe when it listens.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import logging
import os
import resource
import signal
import socket
import sys
import time
from dataclasses import asdict
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config

from labsupport.localcloud import ministack
from labsupport.localcloud.gate import Gate
from labsupport.localcloud.options import CloudOptions
from labsupport.localcloud.record import RECORD_FILE, CloudRecord, RootKey, root_key
from labsupport.localcloud.state import StateKeeper

logger = logging.getLogger("labsupport.localcloud")

REGION = "us-east-1"
MOST_FILES = 16_384


def main() -> None:
    """Run the server until it is told to stop."""
    options = _parse_arguments()
    home = Path(options.home)
    _allow_many_files()
    os.umask(0o077)  # what MiniStack and we write is the learner's alone, whatever the learner's umask
    try:
        chosen = CloudOptions.from_environment(os.environ)
    except ValueError as error:
        _say(options.ready_fd, str(error))
        sys.exit(1)
    try:
        listener = _listen(options.port, home)
    except OSError as error:
        reason = "another program listens there" if error.errno == errno.EADDRINUSE else error.strerror
        _say(options.ready_fd, f"port {options.port} can't be used: {reason}.")
        sys.exit(1)
    port = listener.getsockname()[1]
    root = root_key(home)
    account = root.access_key_id
    ministack.prepare_environment(home=home, port=port, account=account, region=REGION)
    record = CloudRecord(
        url=f"http://127.0.0.1:{port}",
        port=port,
        pid=os.getpid(),
        account=account,
        region=REGION,
        **asdict(root),
        instance=options.instance,
        log_file=str(home / "cloud.log"),
    )
    asyncio.run(_serve(home, listener, record, options, chosen))


async def _serve(
    home: Path,
    listener: socket.socket,
    record: CloudRecord,
    options: argparse.Namespace,
    chosen: CloudOptions,
) -> None:
    cloud = ministack.load()
    keeper = StateKeeper(home / "state", ministack.VERSION, cloud.states)
    cloud.attach(
        home / "work",
        endpoint_url=record.url,
        on_change=keeper.note_change,
        options=chosen,
        root=RootKey(record.access_key_id, record.secret_access_key),
        account=record.account,
    )
    cloud.restore(keeper.load())
    started = time.time()

    def health() -> dict[str, object]:
        return {
            "instance": record.instance,
            "pid": record.pid,
            "account": record.account,
            "region": record.region,
            "ministack": ministack.VERSION,
            "started": started,
            **asdict(chosen),
            "sandbox": cloud.sandbox_description,
        }

    pages = {"/_lab/model-quotas": cloud.model_quotas.change}
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.graceful_timeout = 1.0
    config.accesslog = None
    config.loglevel = "WARNING"
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    async def until_told() -> None:
        # Called by hypercorn once the socket is being served.
        record.write(home)
        _say(options.ready_fd, "ready")
        with contextlib.suppress(OSError):
            os.close(options.lock_fd)
        logger.info("The local cloud listens on %s, account %s.", record.url, record.account)
        await stopping.wait()
        cloud.hang_up()

    keeper.start()
    try:
        gate = Gate(
            cloud.app,
            health=health,
            on_change=keeper.note_change,
            links=cloud.links,
            secret=record.secret_access_key,
            pages=pages,
        )
        await serve(gate, config, shutdown_trigger=until_told)  # type: ignore[arg-type]
    finally:
        cloud.close()
        keeper.stop()
        (home / RECORD_FILE).unlink(missing_ok=True)
        logger.info("The local cloud has stopped.")
        sys.stdout.flush()
    os._exit(0)  # MiniStack's pollers are daemon threads that never end by themselves


def _allow_many_files() -> None:
    """Take as many file descriptors as the machine gives: an environment needs some ten of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listen(port: int | None, home: Path) -> socket.socket:
    """Bind the port that was asked for, else the one of last time, else a free one.

    The port of last time matters to whoever exported it into a shell with `lab env`.
    """
    if port is not None:
        return _bind(port)
    last = home / "port"
    with contextlib.suppress(OSError, ValueError):
        return _bind(int(last.read_text()))
    listener = _bind(0)
    last.write_text(f"{listener.getsockname()[1]}\n")
    return listener


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _say(ready_fd: int, word: str) -> None:
    """Tell the starter. It may not be listening: `lab open` doesn't wait."""
    with contextlib.suppress(OSError):
        os.write(ready_fd, word.encode() + b"\n")
        os.close(ready_fd)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="labsupport.localcloud.server")
    parser.add_argument("--home", required=True)
    parser.add_argument("--instance", required=True)
    parser.add_argument("--port", type=int)
    parser.add_argument("--ready-fd", type=int, required=True)
    parser.add_argument("--lock-fd", type=int, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
