"""A second AWS, written by others: moto's server (https://docs.getmoto.org/en/latest/docs/server_mode.html).

It knows the control plane only: what is built there can be described and deleted, and not called. So what our
own local cloud is too kind about may be refused here, and what only our own cloud does is not there.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import httpx

from labsupport.session import LocalSession
from labsupport.settings import Settings
from labsupport.target import Target, connect

ACCOUNT = "123456789012"
STARTS_WITHIN_SECONDS = 60


@dataclass(frozen=True)
class SecondAws:
    """Where it answers."""

    url: str

    def connect(self, owner: str, *, account: str = ACCOUNT) -> Target:
        """Connect as to AWS, with a session that can reach nothing but loopback."""
        settings = Settings(target="aws", aws_account=account, owner=owner)
        return connect(settings, notebook="05", make_aws_session=self._session)

    def _session(self, region: str | None, _: str | None) -> LocalSession:
        session = LocalSession(self.url, region or "", access_key_id="testing", secret_access_key="testing")
        fill_gaps(session)
        return session


def fill_gaps(session: LocalSession) -> None:
    """Do in moto's place what it doesn't do yet."""

    def no_provisioned_concurrency(**_: Any) -> tuple[Any, dict[str, Any]]:
        # It knows none, and so has no list of it.
        return SimpleNamespace(status_code=200), {"ProvisionedConcurrencyConfigs": [], "ResponseMetadata": {}}

    def note_tags(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["created"] = params["Bucket"], params["CreateBucketConfiguration"].get("Tags", [])

    def put_tags(http_response: Any, context: dict[str, Any], **_: Any) -> None:
        # It reads a new bucket's Region, and not yet its tags.
        if http_response.status_code == 200:
            bucket, tags = context["created"]
            session.client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})

    session.events.register(
        "before-call.lambda.ListProvisionedConcurrencyConfigs", no_provisioned_concurrency
    )
    session.events.register("before-parameter-build.s3.CreateBucket", note_tags)
    session.events.register("after-call.s3.CreateBucket", put_tags)


@contextlib.contextmanager
def second_aws() -> Iterator[SecondAws]:
    """Run moto's server, with nothing in it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while not _answers(url):
            assert process.poll() is None, "moto's server has ended"
            assert time.monotonic() < deadline, "moto's server doesn't answer"
            time.sleep(0.05)
        yield SecondAws(url)
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/moto-api/", trust_env=False).status_code == 200
    return False
