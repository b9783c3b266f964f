"""An HTTP API, its function and one DynamoDB PutItem, with ten clients at once, against plain MiniStack."""

from __future__ import annotations

import json
import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import httpx

from benchmarks.clouds import Cloud, lab_cloud, plain_ministack
from benchmarks.figure import Figure
from benchmarks.invoke import deploy

CLIENTS, REQUESTS = 10, 600
SOURCE = """
import json, os, uuid
import boto3

dynamodb = boto3.client("dynamodb")

def handler(event, context):
    item = {"id": {"S": str(uuid.uuid4())}, "body": {"S": event.get("body") or ""}}
    dynamodb.put_item(TableName=os.environ["TABLE"], Item=item)
    return {"statusCode": 201, "body": "{}"}
"""


class _Load(NamedTuple):
    requests_per_second: float
    p95_seconds: float


def measure() -> Iterator[Figure]:
    with lab_cloud() as lab, plain_ministack() as plain:
        ours, theirs = _load(lab), _load(plain)
    against = "plain MiniStack"
    yield Figure(
        "HTTP API to Lambda to DynamoDB, 10 clients",
        ours.requests_per_second, against, theirs.requests_per_second, unit="/s", goal="≥ 2 ×",
    )  # fmt: skip
    yield Figure("The same, p95", ours.p95_seconds, against, theirs.p95_seconds, goal="≤ 0.5 ×")


def _load(cloud: Cloud) -> _Load:
    url, wanted = _deploy(cloud), iter(range(REQUESTS))
    lock, times = threading.Lock(), list[float]()

    def client(_number: int) -> None:
        with httpx.Client(trust_env=False, timeout=60) as http:
            while True:
                with lock:
                    if next(wanted, None) is None:
                        return
                started = time.perf_counter()
                assert http.post(url, json={"n": 1}).status_code == 201
                times.append(time.perf_counter() - started)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda _number: httpx.post(url, json={}, timeout=60), range(CLIENTS)))  # warm
        started = time.perf_counter()
        list(pool.map(client, range(CLIENTS)))
        elapsed = time.perf_counter() - started
    return _Load(len(times) / elapsed, statistics.quantiles(times, n=20)[-1])


def _deploy(cloud: Cloud) -> str:
    """Deploy everything, and return the route's URL."""
    table = f"t-{uuid.uuid4().hex[:8]}"
    cloud.client("dynamodb").create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client, name = deploy(
        cloud, SOURCE, Environment={"Variables": {"TABLE": table}}, Timeout=30, MemorySize=1769
    )
    statement = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cloud.client("iam").put_role_policy(RoleName=name, PolicyName="put", PolicyDocument=policy)
    client.add_permission(
        FunctionName=name,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    gateway = cloud.client("apigatewayv2")
    arn = client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    api = gateway.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="POST /items", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    return f"{cloud.url}/_aws/execute-api/{api}/$default/items"
