"""Local mode reaches the local cloud and nothing else, whatever the learner's machine is set up for."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from labsupport.errors import CloudError, TargetError
from labsupport.localcloud import supervisor
from labsupport.localcloud.record import CloudRecord
from labsupport.session import LocalSession
from labsupport.settings import Settings
from labsupport.target import Target, connect

pytestmark = pytest.mark.functional


class Listener:
    """A host that must not be called: it counts the connections that it gets."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1  # before the other side can notice
            connection.close()


@pytest.fixture
def elsewhere() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.socket.close()


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, elsewhere: Listener) -> Listener:
    """Set the environment of a learner whose AWS setup points elsewhere in every way."""
    broken = tmp_path / "config"
    broken.write_text("[default\nregion = nowhere\n")
    for name, value in {
        "AWS_PROFILE": "does-not-exist",
        "AWS_CONFIG_FILE": str(broken),
        "AWS_SHARED_CREDENTIALS_FILE": str(broken),
        "AWS_ENDPOINT_URL": elsewhere.url,
        "AWS_ENDPOINT_URL_S3": elsewhere.url,
        "HTTP_PROXY": elsewhere.url,
        "HTTPS_PROXY": elsewhere.url,
        "http_proxy": elsewhere.url,
        "ALL_PROXY": elsewhere.url,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_BEARER_TOKEN_BEDROCK": "real",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_DEFAULTS_MODE": "nonsense",
        "AWS_RETRY_MODE": "nonsense",
        "AWS_MAX_ATTEMPTS": "nonsense",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return elsewhere


@pytest.fixture
def hostile_target(hostile: Listener, cloud: CloudRecord, settings: Settings) -> Target:
    return connect(settings)


def test_the_plain_environment_would_really_lead_elsewhere(
    hostile: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULTS_MODE", "AWS_RETRY_MODE"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name in ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    with pytest.raises(Exception, match=r"Connection|connect"):
        boto3.Session().client("s3").list_buckets()
    assert hostile.connections > 0


def test_whatever_the_environment_says_calls_reach_the_local_cloud(
    hostile: Listener, hostile_target: Target, cloud: CloudRecord
) -> None:
    assert hostile_target.client("sts").get_caller_identity()["Account"] == cloud.account
    assert hostile_target.region == "us-east-1"
    for service in ("s3", "lambda", "iam", "sqs", "logs", "dynamodb"):
        assert hostile_target.client(service).meta.endpoint_url == cloud.url
    assert "Buckets" in hostile_target.client("s3").list_buckets()
    assert "TableNames" in hostile_target.session.resource("dynamodb").meta.client.list_tables()
    assert hostile.connections == 0


def test_requests_carry_the_local_clouds_credentials_only(hostile_target: Target) -> None:
    headers: list[str] = []

    def keep(request: object, **_: object) -> None:
        headers.append(str(request.headers))  # type: ignore[attr-defined]

    for service, operation, parameters in (
        ("s3", "list_buckets", {}),
        ("bedrock-runtime", "converse", {"modelId": "amazon.nova-micro-v1:0", "messages": []}),
    ):
        client = hostile_target.client(service)
        client.meta.events.register("before-send", keep)
        with contextlib.suppress(client.exceptions.ClientError):  # only what was sent matters
            getattr(client, operation)(**parameters)
    assert len(headers) == 2
    assert all(f"Credential={hostile_target.account}" in header for header in headers)
    assert not any("real" in header or "AKIA" in header for header in headers)


@pytest.mark.parametrize("endpoint_url", [None, "https://s3.amazonaws.com", "elsewhere"])
def test_a_request_to_another_host_is_stopped_before_it_is_sent(
    target: Target, elsewhere: Listener, endpoint_url: str | None
) -> None:
    if endpoint_url is None:
        client = target.session._session.create_client("s3", region_name="us-east-1")
    else:
        url = elsewhere.url if endpoint_url == "elsewhere" else endpoint_url
        client = target.session.client("s3", endpoint_url=url)
    with pytest.raises(TargetError, match="Nothing was sent"):
        client.list_buckets()
    assert elsewhere.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_s3_urls_have_the_bucket_in_their_path(host: str) -> None:
    session = LocalSession(f"http://{host}:1", "us-east-1", access_key_id="1", secret_access_key="1")
    url = session.client("s3").generate_presigned_url("get_object", Params={"Bucket": "photos", "Key": "k"})
    assert url.startswith(f"http://{host}:1/photos/k?")


def test_a_client_is_made_once_for_the_same_options(target: Target) -> None:
    assert target.client("s3") is target.client("s3")
    assert target.client("lambda", retries={"total_max_attempts": 1}) is not target.client("lambda")


def test_a_client_of_lambda_waits_longer_than_the_longest_function(target: Target) -> None:
    assert target.client("lambda").meta.config.read_timeout > 900


def test_when_nothing_answers_then_the_error_says_that_the_cloud_has_stopped() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    session = LocalSession(url, "us-east-1", access_key_id="1", secret_access_key="1")
    with pytest.raises(CloudError, match="has stopped") as caught:
        session.client("s3").list_buckets()
    assert "Setup cell" in caught.value.next_step
    assert url in caught.value.cause


def test_when_the_cloud_was_killed_then_connecting_again_starts_it_with_its_state(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", owner="anna")
    try:
        first = connect(settings)
        first.client("s3").create_bucket(Bucket="lab-anna-photos")
        time.sleep(1.5)  # the local cloud promises to keep what is older than a second
        record = supervisor.find(settings.home)
        assert record is not None
        os.kill(record.pid, signal.SIGKILL)
        with pytest.raises(CloudError, match="Run the Setup cell again"):
            first.client("s3").list_buckets()
        again = connect(settings)
        assert [each["Name"] for each in again.client("s3").list_buckets()["Buckets"]] == ["lab-anna-photos"]
        assert again.account == first.account
    finally:
        supervisor.stop(settings.home)


def test_the_environment_leads_other_tools_to_the_same_place(target: Target) -> None:
    outside = {
        "AWS_PROFILE": "work",
        "AWS_ENDPOINT_URL_S3": "https://elsewhere",
        "AWS_SESSION_TOKEN": "real",
        "AWS_PAGER": "less",
        "NO_PROXY": "intranet",
        "PATH": "/bin",
    }
    environment = target.environment(outside)
    assert environment["AWS_ENDPOINT_URL"] == target.endpoint_url
    assert environment["AWS_ACCESS_KEY_ID"] == target.account
    assert [name for name, value in environment.items() if value is None] == [
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL_S3",
        "AWS_SESSION_TOKEN",
    ]
    assert environment["NO_PROXY"] == "127.0.0.1,intranet"
    assert {"AWS_PAGER", "PATH"}.isdisjoint(environment)
