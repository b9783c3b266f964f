"""The two clouds that are compared: the lab's, and MiniStack as it comes."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from labsupport.localcloud import supervisor

ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Cloud:
    """An endpoint, an account on it, and the process behind it."""

    url: str
    account: str
    pid: int
    secret: str = "benchmark"

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.account,
            aws_secret_access_key=self.secret,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )


@contextlib.contextmanager
def lab_cloud() -> Iterator[Cloud]:
    """Start the lab's local cloud in a home of its own."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory) / "home"
        record = supervisor.start(home)
        assert record is not None
        try:
            yield Cloud(record.url, record.account, record.pid, record.secret_access_key)
        finally:
            supervisor.stop(home)


@contextlib.contextmanager
def plain_ministack() -> Iterator[Cloud]:
    """Start MiniStack without anything of ours, with IAM enforced as in the lab."""
    with tempfile.TemporaryDirectory() as directory:
        port = _free_port()
        server = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=os.environ
            | {
                "AUTH": "true",
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(port),
                "MINISTACK_ACCOUNT_ID": ACCOUNT,
                "LOG_LEVEL": "WARNING",
                "SFTP_ENABLED": "0",
                "IOT_MTLS_ENABLED": "0",
                "S3_DATA_DIR": directory,
                "DOCKER_HOST": f"unix://{directory}/none",
                "TMPDIR": directory,
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(port)
            yield Cloud(f"http://127.0.0.1:{port}", ACCOUNT, server.pid)
        finally:
            server.terminate()
            server.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
