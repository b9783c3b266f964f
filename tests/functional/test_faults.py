"""Each build and each deletion goes on through faults: one at each of its requests, and at all of them."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from labsupport.inventory import inventory
from labsupport.localcloud.record import CloudRecord
from labsupport.logs import wait_for_log_events
from labsupport.packaging import zip_files
from labsupport.resources import bucket, function, http_api, layer, queue, rest_api, role, table, user_pool
from labsupport.resources.event_invoke import on_failure
from labsupport.resources.function_policy import allow_invoke
from labsupport.resources.http_authorizer import JwtAuthorizer
from labsupport.resources.knowledge_base import deploy_knowledge_base, knowledge_base_policy
from labsupport.resources.log_group import deploy_log_group
from labsupport.resources.vector_index import deploy_vector_index
from labsupport.resources.websocket_api import deploy_websocket_api
from labsupport.settings import Settings
from labsupport.target import Target, connect
from labsupport.teardown import teardown
from tests.course import new_owner
from tests.faults import KINDS, Injector, Schedule, Sent, at, changes, every_first, no_faults, quick_retries

pytestmark = pytest.mark.functional

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["logs:*", "sqs:SendMessage"], "Resource": "*"}],
}
CODE = zip_files({"handler.py": b"def handler(event, context):\n    return event\n"})


@dataclass(frozen=True)
class Faulty:
    """A target of the local cloud, and what lets its requests meet faults."""

    target: Target
    injector: Injector
    echo: str
    """ARN of a function that is there."""
    role: str
    """ARN of its role."""

    def kinds(self) -> Counter[str]:
        """Return how many things of a kind there are."""
        return Counter(resource.kind for resource in inventory(self.target))

    @contextmanager
    def meeting(self, schedule: Schedule) -> Iterator[None]:
        """Let requests meet faults, and at least one of them."""
        met, self.injector.schedule = len(self.injector.injected), schedule
        try:
            yield
        finally:
            self.injector.schedule = no_faults
        assert len(self.injector.injected) > met


@pytest.fixture(scope="module")
def connected(cloud: CloudRecord, cloud_home: Path) -> Iterator[Faulty]:
    settings = replace(Settings.from_environment({}), home=cloud_home, owner=new_owner())
    target = connect(settings, notebook="05")
    injector = Injector(target.session.events)  # clients that were made before it would not be heard
    name = f"lab-{target.owner}-always"
    role_arn = role.deploy_role(target, name, policy=POLICY)
    echo = function.deploy_function(target, name, code=CODE, role_arn=role_arn).arn
    with quick_retries():
        yield Faulty(target, injector, echo, role_arn)
    teardown(target, late_log_seconds=0)


@pytest.fixture
def faulty(connected: Faulty) -> Faulty:
    """Return it for an owner who has nothing."""
    return replace(connected, target=replace(connected.target, owner=new_owner()))


def a_notification(on: Faulty, name: str) -> None:
    photos = bucket.deploy_bucket(on.target, name)
    source = f"arn:aws:s3:::{photos}"
    allow_invoke(on.target, on.echo, service="s3.amazonaws.com", source_arn=source, statement_id=name)
    bucket.notify_function(on.target, photos, on.echo, prefix="raw/")
    (notification,) = bucket.notifications(on.target, photos)["LambdaFunctionConfigurations"]
    assert notification["LambdaFunctionArn"] == on.echo


Build = Callable[[Faulty, str], object]
BUILDS: dict[str, Build] = {
    "role": lambda on, name: role.deploy_role(on.target, name, policy=POLICY),
    "function": lambda on, name: function.deploy_function(
        on.target,
        name,
        code=CODE,
        role_arn=on.echo.replace(":lambda:us-east-1:", ":iam::").replace(":function:", ":role/"),
    ),
    "permission": lambda on, name: allow_invoke(
        on.target,
        on.echo,
        service="s3.amazonaws.com",
        source_arn=f"arn:aws:s3:::{name}",
        statement_id=name,
    ),
    "bucket": lambda on, name: bucket.deploy_bucket(on.target, name, versioned=True),
    "layer": lambda on, name: layer.publish_layer(
        on.target, name, zip_files({"python/a.py": b""}), python_version="3.11"
    ),
    "queue": lambda on, name: queue.deploy_queue(on.target, name),
    "table": lambda on, name: table.deploy_table(on.target, name, keys=["pk"], ttl_attribute="expires_at"),
    "log group": lambda on, name: deploy_log_group(on.target, f"/aws/apigateway/{name}"),
    "HTTP API": lambda on, name: http_api.deploy_http_api(
        on.target,
        name,
        routes={"GET /a": on.echo, "GET /b": http_api.Route(on.echo, authorizer="jwt")},
        authorizers={"jwt": JwtAuthorizer("https://example.com", ("x",))},
    ),
    "REST API": lambda on, name: rest_api.deploy_rest_api(
        on.target, name, routes={"GET /a/{id}": on.echo}, stage="prod"
    ),
    "WebSocket API": lambda on, name: deploy_websocket_api(
        on.target, name, function_arn=on.echo, answering=("$default",)
    ),
    "user pool": lambda on, name: user_pool.sign_up(
        on.target, user_pool.deploy_user_pool(on.target, name), "anna@example.com"
    ),
    "notification": a_notification,
    "destination": lambda on, name: on_failure(
        on.target, on.echo.rpartition(":")[2], queue.deploy_queue(on.target, name).arn
    ),
    "vector index": lambda on, name: deploy_vector_index(on.target, name, dimensions=4),
}


def a_knowledge_base(on: Faulty, name: str) -> None:
    documents = bucket.deploy_bucket(on.target, f"{name}-documents")
    on.target.client("s3").put_object(Bucket=documents, Key="notes/tea.txt", Body=b"Tea is served at four.")
    policy = knowledge_base_policy(on.target, name, bucket=documents, prefix="notes/")
    role_arn = role.deploy_role(on.target, name, policy=policy, trust="bedrock.amazonaws.com")
    described = deploy_knowledge_base(
        on.target,
        name,
        bucket=documents,
        prefix="notes/",
        role_arn=role_arn,
        dimensions=256,
        progress=list[str]().append,
    )
    assert described.statistics["numberOfDocumentsScanned"] == 1


SLOW_BUILDS: dict[str, Build] = {"knowledge base": a_knowledge_base}


def name_of(on: Faulty, number: object) -> str:
    return f"lab-{on.target.owner}-n{number}"


def requests_of(on: Faulty, work: Callable[[], object]) -> list[str]:
    """Return the operations of all requests that it sends where there are no faults."""
    before = len(on.injector.operations)
    work()
    return on.injector.operations[before:]


@pytest.mark.parametrize("what", BUILDS)
def test_whatever_answer_is_lost_a_build_makes_everything_once_and_a_teardown_leaves_nothing(
    faulty: Faulty, what: str
) -> None:
    build, injector = BUILDS[what], faulty.injector
    operations = requests_of(faulty, lambda: build(faulty, name_of(faulty, "first")))
    made, numbers = faulty.kinds(), [n for n, operation in enumerate(operations) if changes(operation)]
    for number in numbers:
        with faulty.meeting(at(len(injector.operations) + number, "lost")):
            build(faulty, name_of(faulty, number))
    assert numbers
    assert faulty.kinds() == Counter({kind: many * (len(numbers) + 1) for kind, many in made.items()})
    with faulty.meeting(every_first("lost")):
        report = teardown(faulty.target, late_log_seconds=0)
    assert report.failed == [] and report.is_clean


@pytest.mark.parametrize("kind", ["throttled", "broken", "unavailable", "dropped"])
def test_a_build_and_a_teardown_whose_every_call_meets_a_fault_go_on(faulty: Faulty, kind: str) -> None:
    for what, build in BUILDS.items():
        with faulty.meeting(every_first(kind)):
            build(faulty, name_of(faulty, what.replace(" ", "").lower()))
    assert faulty.kinds().total() >= len(BUILDS)
    with faulty.meeting(every_first(kind)):
        report = teardown(faulty.target, late_log_seconds=0)
    assert report.failed == [] and report.is_clean


def test_a_time_to_live_that_is_refused_the_second_time_is_there(faulty: Faulty) -> None:
    asked = itertools.count()

    def schedule(sent: Sent) -> str | None:
        if sent.operation != "UpdateTimeToLive":
            return None
        return "lost" if next(asked) == 0 else "400 ValidationException"

    name = name_of(faulty, "orders")
    with faulty.meeting(schedule):
        table.deploy_table(faulty.target, name, keys=["pk"], ttl_attribute="expires_at")
    assert next(asked) == 2
    found = faulty.target.client("dynamodb").describe_time_to_live(TableName=name)
    assert found["TimeToLiveDescription"]["AttributeName"] == "expires_at"
    with faulty.meeting(schedule), pytest.raises(ClientError):
        table.deploy_table(faulty.target, name, keys=["pk"], ttl_attribute="other")
    teardown(faulty.target, late_log_seconds=0)


CANNOT_BE_ASSUMED = "The role defined for the function cannot be assumed by Lambda."
NO_GRANT = "Lambda was unable to configure access because the KMS key is invalid for CreateGrant."


@pytest.mark.parametrize(
    ("what", "operation", "refusal"),
    [
        ("role", "PutRolePolicy", "404 NoSuchEntity"),
        ("function", "CreateFunction", f"400 InvalidParameterValueException {CANNOT_BE_ASSUMED}"),
        ("function", "CreateFunction", f"400 InvalidParameterValueException {NO_GRANT}"),
        ("function", "GetFunctionConfiguration", "404 ResourceNotFoundException"),
        ("bucket", "PutBucketVersioning", "404 NoSuchBucket"),
        ("queue", "GetQueueAttributes", "400 AWS.SimpleQueueService.NonExistentQueue"),
        ("table", "DescribeTimeToLive", "400 ResourceNotFoundException"),
        ("HTTP API", "CreateIntegration", "404 NotFoundException"),
        ("HTTP API", "CreateStage", "404 NotFoundException"),
        ("REST API", "GetResources", "404 NotFoundException"),
        ("REST API", "PutIntegration", "404 NotFoundException"),
        ("WebSocket API", "CreateDeployment", "404 NotFoundException"),
        ("user pool", "CreateUserPoolClient", "400 ResourceNotFoundException"),
        ("vector index", "CreateIndex", "404 NotFoundException"),
    ],
)
def test_what_aws_does_not_know_yet_is_waited_for(
    faulty: Faulty, what: str, operation: str, refusal: str
) -> None:
    times = itertools.count()
    with faulty.meeting(lambda sent: refusal if sent.operation == operation and next(times) < 3 else None):
        BUILDS[what](faulty, name_of(faulty, "new"))
    assert next(times) > 3
    made = faulty.kinds()
    BUILDS[what](faulty, name_of(faulty, "new"))
    assert faulty.kinds() == made and set(made.values()) <= {1}
    teardown(faulty.target, late_log_seconds=0)


def test_what_is_not_there_and_was_not_made_is_said_at_once(faulty: Faulty) -> None:
    before = len(faulty.injector.operations)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        allow_invoke(
            faulty.target,
            name_of(faulty, "nobody"),
            service="s3.amazonaws.com",
            source_arn="arn:aws:s3:::x",
            statement_id="s3",
        )
    assert faulty.injector.operations[before:] == ["GetPolicy", "AddPermission"]


def test_a_new_log_group_is_waited_for(faulty: Faulty) -> None:
    log = deploy_log_group(faulty.target, f"/aws/lambda/{name_of(faulty, 'late')}")
    logs, times = faulty.target.client("logs"), itertools.count()
    logs.create_log_stream(logGroupName=log.name, logStreamName="s")
    event = {"timestamp": int(time.time() * 1000), "message": "here"}
    logs.put_log_events(logGroupName=log.name, logStreamName="s", logEvents=[event])
    with faulty.meeting(lambda _: "400 ResourceNotFoundException" if next(times) < 3 else None):
        events = wait_for_log_events(faulty.target, name_of(faulty, "late"), until="here")
    assert [event.message for event in events] == ["here"]
    teardown(faulty.target, late_log_seconds=0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", [*BUILDS, *SLOW_BUILDS])
def test_a_fault_at_any_request_of_a_build_and_of_its_teardown(faulty: Faulty, what: str, kind: str) -> None:
    build, injector = (BUILDS | SLOW_BUILDS)[what], faulty.injector
    count = len(requests_of(faulty, lambda: build(faulty, name_of(faulty, "first"))))
    made = faulty.kinds()
    number_of_deletions = len(requests_of(faulty, lambda: teardown(faulty.target, late_log_seconds=0)))
    for number in range(max(count, number_of_deletions)):
        if number < count:
            with faulty.meeting(at(len(injector.operations) + number, kind)):
                build(faulty, name_of(faulty, number))
        else:
            build(faulty, name_of(faulty, number))
        assert faulty.kinds() == made
        if number < number_of_deletions:
            with faulty.meeting(at(len(injector.operations) + number, kind)):
                report = teardown(faulty.target, late_log_seconds=0)
            assert report.failed == [] and report.is_clean
        else:
            teardown(faulty.target, late_log_seconds=0)
