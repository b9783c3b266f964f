"""The control plane against an AWS that others have written: built, built again, found, torn down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from labsupport.errors import DeployError, TargetError
from labsupport.inventory import inventory
from labsupport.naming import has_our_tags
from labsupport.packaging import zip_files
from labsupport.resources.bucket import bucket_tags, deploy_bucket, notifications, notify_function
from labsupport.resources.event_invoke import on_failure
from labsupport.resources.function import deploy_function, describe_function
from labsupport.resources.function_policy import allow_invoke, policy_statements
from labsupport.resources.http_api import deploy_http_api, items
from labsupport.resources.layer import publish_layer
from labsupport.resources.log_group import deploy_log_group
from labsupport.resources.queue import deploy_queue
from labsupport.resources.rest_api import deploy_rest_api
from labsupport.resources.role import deploy_role
from labsupport.resources.table import deploy_table
from labsupport.resources.user_pool import deploy_user_pool, sign_up
from labsupport.resources.vector_index import deploy_vector_index
from labsupport.target import Target
from labsupport.teardown import teardown
from tests.account import everything_on, writes
from tests.second_aws import ACCOUNT, SecondAws, second_aws

pytestmark = pytest.mark.functional

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
}
CODE = zip_files({"handler.py": b"def handler(event, context):\n    return event\n"})
OTHER_CODE = zip_files({"handler.py": b"def handler(event, context):\n    return 1\n"})


@pytest.fixture(scope="module")
def cloud() -> Iterator[SecondAws]:
    with second_aws() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def connected(cloud: SecondAws) -> Target:
    """Connect once: what takes time is to make clients."""
    return cloud.connect("anna")


@pytest.fixture
def target(connected: Target) -> Iterator[Target]:
    target = connected
    yield target
    assert teardown(target, late_log_seconds=0).is_clean
    assert [each for each in everything_on(target) if target.owner in each] == []


def name_of(target: Target, thing: str) -> str:
    return f"lab-{target.owner}-{thing}"


def a_function(target: Target, **options: Any) -> str:
    name = name_of(target, "echo")
    role_arn = deploy_role(target, name, policy=POLICY)
    return deploy_function(target, name, **{"code": CODE, "role_arn": role_arn, **options}).arn


def a_notified_function(target: Target) -> None:
    arn, photos = a_function(target), deploy_bucket(target, name_of(target, "photos"), versioned=True)
    source = f"arn:aws:s3:::{photos}"
    allow_invoke(
        target, name_of(target, "echo"), service="s3.amazonaws.com", source_arn=source, statement_id="s3"
    )
    notify_function(target, photos, arn, prefix="raw/", suffix=".jpg")


def a_layer(target: Target) -> None:
    archive = zip_files({"python/lib.py": b"x = 1\n"})
    version = publish_layer(target, name_of(target, "lib"), archive, python_version="3.11")
    a_function(target, layers=[version.arn])


def a_table(target: Target) -> None:
    deploy_table(
        target,
        name_of(target, "orders"),
        keys=["pk", "sk"],
        indexes={"by-status": ["status", "sk"]},
        ttl_attribute="expires_at",
    )


def an_http_api(target: Target) -> None:
    arn = a_function(target)
    deploy_http_api(
        target, name_of(target, "web"), routes={"GET /orders": arn, "$default": arn}, cors={"MaxAge": 60}
    )


def a_rest_api(target: Target) -> None:
    arn = a_function(target)
    routes = {"GET /orders/{id}": arn, "POST /orders": arn}
    deploy_rest_api(target, name_of(target, "rest"), routes=routes, stage="prod")


BUILDERS: dict[str, Callable[[Target], object]] = {
    "a role and a function": a_function,
    "a bucket that notifies": a_notified_function,
    "a layer": a_layer,
    "a table": a_table,
    "a queue": lambda target: deploy_queue(target, name_of(target, "jobs")),
    "a log group": lambda target: deploy_log_group(target, f"/aws/apigateway/{name_of(target, 'log')}"),
    "an HTTP API": an_http_api,
    "a REST API": a_rest_api,
    "a user pool": lambda target: deploy_user_pool(target, name_of(target, "guests")),
    "a vector index": lambda target: deploy_vector_index(target, name_of(target, "notes"), dimensions=4),
}
WRITTEN_AGAIN = {
    "a bucket that notifies": ["PutBucketNotificationConfiguration"],
    "a log group": ["CreateLogGroup"],
}
"""What has no way to be compared first, or isn't worth it."""


@pytest.mark.parametrize("what", BUILDERS)
def test_it_is_built_once_and_found_by_the_inventory(target: Target, what: str) -> None:
    before = len(writes(target))
    BUILDERS[what](target)
    once = len(writes(target))
    found = inventory(target)
    assert once > before and found
    assert all(target.owner in each.name for each in found)
    untimed = {each.kind for each in found if each.created is None}
    assert untimed <= {"vector bucket", "vector index"}  # moto doesn't tell
    BUILDERS[what](target)
    assert writes(target)[once:] == WRITTEN_AGAIN.get(what, [])


def test_everything_is_built_in_one_account_and_torn_down(target: Target) -> None:
    for build in BUILDERS.values():
        build(target)
    jobs = deploy_queue(target, name_of(target, "jobs"))
    name = name_of(target, "echo")
    target.client("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=jobs.arn)
    on_failure(target, name, jobs.arn)
    target.client("s3").put_object(Bucket=name_of(target, "photos"), Key="raw/a", Body=b"x")
    target.client("s3").delete_object(Bucket=name_of(target, "photos"), Key="raw/a")
    deploy_log_group(target, f"/aws/lambda/{name}")
    found = inventory(target)
    assert list(dict.fromkeys(each.kind for each in found)) == [
        "vector index",
        "vector bucket",
        "event source mapping",
        "REST API",
        "HTTP/WebSocket API",
        "user pool",
        "function",
        "layer version",
        "queue",
        "DynamoDB table",
        "bucket",
        "role",
        "log group",
    ]
    report = teardown(target, late_log_seconds=0)
    assert report.failed == [] and report.is_clean
    assert [each for each in everything_on(target) if target.owner in each] == []


def test_what_was_asked_for_is_there(target: Target) -> None:
    a_notified_function(target)
    name, photos = name_of(target, "echo"), name_of(target, "photos")
    described = describe_function(target, name)
    assert described is not None and described.timeout_seconds == 3
    assert policy_statements(target, name)["s3"]["Condition"]["ArnLike"] == {
        "AWS:SourceArn": f"arn:aws:s3:::{photos}"
    }
    assert has_our_tags(bucket_tags(target, photos), target.owner)
    (notification,) = notifications(target, photos)["LambdaFunctionConfigurations"]
    assert notification["LambdaFunctionArn"] == described.arn


def test_what_differs_is_changed(target: Target) -> None:
    a_function(target)
    a_function(target, code=OTHER_CODE, memory_mb=256, environment={"WHAT": "b"})
    described = describe_function(target, name_of(target, "echo"))
    assert described is not None
    assert (described.memory_mb, described.environment) == (256, {"WHAT": "b"})
    arn = described.arn
    deploy_http_api(target, name_of(target, "web"), routes={"GET /orders": arn, "GET /stock": arn})
    api = deploy_http_api(target, name_of(target, "web"), routes={"POST /orders": arn})
    routes = items(target.client("apigatewayv2"), "get_routes", api.id)
    assert [route["RouteKey"] for route in routes] == ["POST /orders"]


def test_a_user_signs_in(target: Target) -> None:
    pool = deploy_user_pool(target, name_of(target, "guests"))
    tokens = sign_up(target, pool, "anna@example.com")
    assert tokens.access and tokens.id
    assert sign_up(target, pool, "anna@example.com").user == "anna@example.com"


def test_what_carries_other_tags_is_refused_and_left_alone(target: Target, cloud: SecondAws) -> None:
    sqs, name = target.client("sqs"), name_of(target, "theirs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    with pytest.raises(DeployError, match="somebody else"):
        deploy_queue(target, name)
    assert teardown(target, late_log_seconds=0).deleted == []
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    sqs.delete_queue(QueueUrl=url)


def test_another_account_than_the_one_that_was_named_is_refused(cloud: SecondAws) -> None:
    assert cloud.connect("anna").account == ACCOUNT
    with pytest.raises(TargetError, match="Nothing was built"):
        cloud.connect("anna", account="999999999999")
