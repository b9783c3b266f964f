"""Invoke through boto3 with LogType=Tail, warm and cold, against plain MiniStack in the same run."""

from __future__ import annotations

import io
import json
import statistics
import sys
import uuid
import zipfile
from collections.abc import Iterator
from typing import Any

from benchmarks.clouds import Cloud, lab_cloud, plain_ministack
from benchmarks.figure import Figure, seconds

WARM_TIMES, COLD_TIMES = 100, 7
SOURCES = {
    "a handler that prints": "def handler(event, context):\n    print('hello')\n    return 1\n",
    "a silent handler": "def handler(event, context):\n    return 1\n",
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def measure() -> Iterator[Figure]:
    with lab_cloud() as lab, plain_ministack() as plain:
        for what, source in SOURCES.items():
            ours, theirs = _warm(lab, source), _warm(plain, source)
            yield Figure(f"Warm invoke, {what}", ours, "plain MiniStack", theirs, goal="≤ 0.6 ×")
        source = SOURCES["a handler that prints"]
        yield Figure("Cold invoke", _cold(lab, source), "plain MiniStack", _cold(plain, source))
        source = "import boto3\n" + source
        ours, theirs = _cold(lab, source), _cold(plain, source)
        yield Figure("Cold invoke, boto3 imported", ours, "plain MiniStack", theirs)


def _warm(cloud: Cloud, source: str) -> float:
    client, name = deploy(cloud, source)
    invoke(client, name)
    return statistics.median(seconds(lambda: invoke(client, name)) for _ in range(WARM_TIMES))


def _cold(cloud: Cloud, source: str) -> float:
    times = []
    for _ in range(COLD_TIMES):
        client, name = deploy(cloud, source)
        times.append(seconds(lambda client=client, name=name: invoke(client, name)))
    return statistics.median(times)


def invoke(client: Any, name: str) -> None:
    answer = client.invoke(FunctionName=name, LogType="Tail", Payload=b"{}")
    assert answer["Payload"].read() == b"1" and "FunctionError" not in answer


def deploy(cloud: Cloud, source: str, **settings: Any) -> tuple[Any, str]:
    name = f"f-{uuid.uuid4().hex[:8]}"
    cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", source)
    client = cloud.client("lambda")
    client.create_function(
        FunctionName=name,
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Role=f"arn:aws:iam::{cloud.account}:role/{name}",
        Handler="app.handler",
        Code={"ZipFile": buffer.getvalue()},
        **settings,
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    return client, name
