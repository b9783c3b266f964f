"""The Lambda service alone, with both kinds of sandbox, and functions made of a few lines."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import sys
import tempfile
import textwrap
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from labsupport.lab import Lab
from labsupport.localcloud.lambda_service.function import Function, InvocationResult, LogEvent
from labsupport.localcloud.lambda_service.sandbox import Sandbox, Walls
from labsupport.localcloud.lambda_service.service import LambdaService
from labsupport.localcloud.record import CloudRecord
from labsupport.session import LocalSession
from labsupport.settings import Settings
from labsupport.teardown import teardown

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"


def archive(**files: str) -> bytes:
    """Zip sources: archive(app="...") holds app.py; a name with "__" is a path ("python__mine")."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, source in files.items():
            # Without a time of its own an entry has the present one, and no two archives were the same.
            entry = zipfile.ZipInfo(name.replace("__", "/") + ".py")
            opened.writestr(entry, textwrap.dedent(source))
    return buffer.getvalue()


def package(files: dict[str, str]) -> bytes:
    """Zip sources by path. All can be run, as extensions and custom runtimes must."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for path, source in files.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o755 << 16
            opened.writestr(entry, textwrap.dedent(source))
    return buffer.getvalue()


def make_function(source: str = "", **changes: Any) -> Function:
    """Make a function whose handler is app.handler."""
    name = f"f-{uuid.uuid4().hex[:8]}"
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    function = Function(
        arn=arn,
        invoked_arn=arn,
        name=name,
        version="$LATEST",
        revision=uuid.uuid4().hex,
        region="us-east-1",
        runtime=RUNTIME,
        handler="app.handler",
        memory_mb=128,
        timeout_seconds=10,
        code=archive(app=source),
        credentials={"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "AWS_SESSION_TOKEN": "C"},
        log_group=f"/aws/lambda/{name}",
    )
    return replace(function, **changes)


class Bench:
    """A Lambda service and what it wrote into log streams."""

    def __init__(self, directory: Path, *, walls: Walls | None = None) -> None:
        self.streams: dict[str, list[LogEvent]] = {}
        self.service = LambdaService(directory, write_log=self.write_log, walls=walls)

    def write_log(self, function: Function, stream: str, events: Any) -> None:
        self.streams.setdefault(stream, []).extend(events)

    def invoke(self, function: Function, payload: bytes = b"{}") -> InvocationResult:
        return self.service.invoke(function, payload, str(uuid.uuid4()))

    def messages(self) -> list[str]:
        return [event.message for events in self.streams.values() for event in events]


def processes_of(function: Function) -> list[psutil.Process]:
    """Return the processes of a function's environments. What a process itself says of its number is no help:

    each environment counts anew, from 1.
    """
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("AWS_LAMBDA_FUNCTION_NAME") == function.name:
                found.append(process)
    return found


def _bench(directory: Path, *, walls: Walls | None) -> Iterator[Bench]:
    bench = Bench(directory, walls=walls)
    yield bench
    bench.service.close()
    assert not directory.exists(), "the service leaves files behind"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """The sandbox that this host allows."""
    yield from _bench(tmp_path / "work", walls=None)


@functools.cache
def highest_walls() -> Walls:
    """Ask this machine once what it allows."""
    with tempfile.TemporaryDirectory() as directory:
        return Sandbox(Path(directory)).walls


@pytest.fixture(params=list(Walls), ids=lambda walls: walls.value)
def any_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Each kind of sandbox, one after the other."""
    if list(Walls).index(request.param) > list(Walls).index(highest_walls()):
        pytest.skip(f"this host allows no {request.param.value}")
    yield from _bench(tmp_path / "work", walls=request.param)


@pytest.fixture
def function() -> Callable[..., Function]:
    return make_function


@pytest.fixture(scope="module")
def module_lab(cloud: CloudRecord, cloud_home: Path) -> Iterator[Lab]:
    """Return a lab that the tests of one module share."""
    settings = replace(Settings.from_environment({}), home=cloud_home, owner=f"m{uuid.uuid4().hex[:8]}")
    lab = Lab("06", settings=settings)
    yield lab
    teardown(lab.target, late_log_seconds=0)


def may(iam: Any, user: str, *statements: dict[str, Any]) -> None:
    """Give an IAM user these permissions and no others."""
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps(policy))


def permission(service: str, action: str, resource: str, source_arn: str | None) -> str:
    """Return a resource-based policy that lets a service, on behalf of a source if one is named."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
    }
    if source_arn:
        statement["Condition"] = {"ArnEquals": {"aws:SourceArn": source_arn}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def total(lab: Lab, namespace: str, name: str, **dimensions: str) -> float:
    """Return the sum of a metric in the last minutes."""
    now = datetime.now(UTC)
    points = lab.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": dimension, "Value": value} for dimension, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=86400,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


@pytest.fixture
def somebody(lab: Lab) -> Iterator[tuple[str, LocalSession]]:
    """Return the name of an IAM user who may next to nothing (`may`), and a session of theirs."""
    iam, name = lab.client("iam"), lab.name("developer")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    may(iam, name, {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"})
    yield (
        name,
        LocalSession(
            lab.target.environment()["AWS_ENDPOINT_URL"],
            lab.region,
            access_key_id=key["AccessKeyId"],
            secret_access_key=key["SecretAccessKey"],
        ),
    )
    iam.delete_user_policy(UserName=name, PolicyName="p")
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)
