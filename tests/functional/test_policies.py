"""The ready IAM policies, asked of the local cloud's IAM: what a learner may, and what nobody may."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.building import Building
from labsupport.inventory import inventory
from labsupport.localcloud.record import CloudRecord
from labsupport.policies import LEARNER, policy_name
from labsupport.resources.role import deploy_role
from labsupport.settings import Settings
from labsupport.target import Target, connect
from labsupport.teardown import teardown
from labsupport.waiting import error_code, tolerate
from tests.learner import connect_as, remove

pytestmark = pytest.mark.functional

DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "403")
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True)
class Class:
    """An account with its administrator, a learner behind the boundary, and another learner's things."""

    admin: Target
    learner: Target
    stranger: Target


@pytest.fixture(scope="module")
def course(cloud: CloudRecord, cloud_home: Any) -> Iterator[Class]:
    settings = replace(Settings.from_environment({}), home=cloud_home)
    owner, other = f"a{uuid.uuid4().hex[:6]}", f"b{uuid.uuid4().hex[:6]}"
    admin = connect(replace(settings, owner=other))
    learner = connect_as(admin, cloud, settings, owner)
    stranger = Building(admin, settings)
    stranger.deploy_function("hello")
    stranger.deploy_bucket("photos")
    stranger.deploy_queue("done")
    stranger.deploy_user_pool("readers")
    stranger.deploy_http_api("orders", routes={})
    deploy_role(admin, f"lab-{owner}-unlimited", policy=EVERYTHING)
    deploy_role(admin, "administrator-of-all", policy=EVERYTHING)
    yield Class(admin, learner, admin)
    teardown(admin, late_log_seconds=0)
    teardown(learner, late_log_seconds=0)
    remove(admin, owner)
    for role in (f"lab-{owner}-unlimited", "administrator-of-all"):
        with tolerate("NoSuchEntity"):
            admin.client("iam").delete_role_policy(RoleName=role, PolicyName="p")
        admin.client("iam").delete_role_policy(RoleName=role, PolicyName="least-privilege")
        admin.client("iam").delete_role(RoleName=role)


def test_a_learner_builds_uses_and_deletes_what_the_course_builds(course: Class) -> None:
    target = course.learner
    lab = Building(target, Settings.from_environment({}))
    function = lab.deploy_function("hello")
    assert target.client("lambda").invoke(FunctionName=function.name)["StatusCode"] == 200
    bucket = lab.deploy_bucket("notes")
    target.client("s3").put_object(Bucket=bucket, Key="notes/a.txt", Body=b"Init is billed.")
    lab.deploy_table("orders", keys=["pk"])
    lab.deploy_queue("failed")
    pool = lab.deploy_user_pool("customers")
    lab.sign_up(pool, "ana@example.com")
    lab.deploy_http_api("api", routes={"GET /": function.arn})
    lab.deploy_rest_api("rest", routes={"GET /": function.arn}, stage="prod")
    lab.deploy_websocket_api("live", function_arn=function.arn)
    base = lab.deploy_knowledge_base("notes", bucket="notes", prefix="notes/")
    found = target.client("bedrock-agent-runtime").retrieve(
        knowledgeBaseId=base.id, retrievalQuery={"text": "What is billed?"}
    )
    assert found["retrievalResults"]
    assert len(inventory(target)) >= 12
    report = teardown(target, late_log_seconds=0)
    assert report.is_clean, report.failed


def call(target: Target, service: str, method: str, **parameters: Any) -> str:
    """Return "" if the call is allowed, or else the error's code, whatever else IAM and AWS say."""
    try:
        getattr(target.client(service), method)(**parameters)
    except ClientError as error:
        return error_code(error) if error_code(error) in DENIED else ""
    return ""


def test_a_role_is_made_only_behind_the_boundary(course: Class) -> None:
    learner, name = course.learner, f"lab-{course.learner.owner}-r"
    limit = str(learner.permissions_boundary)
    role = {"RoleName": name, "AssumeRolePolicyDocument": TRUST}
    assert call(learner, "iam", "create_role", **role) in DENIED
    other = f"arn:aws:iam::{learner.account}:policy/{policy_name(LEARNER[0], learner.owner)}"
    assert call(learner, "iam", "create_role", **role, PermissionsBoundary=other) in DENIED
    assert call(learner, "iam", "create_role", **role, PermissionsBoundary=limit) == ""
    assert call(learner, "iam", "put_role_policy", **put(name)) == ""
    assert call(learner, "iam", "delete_role_permissions_boundary", RoleName=name) in DENIED
    changed = {"RoleName": name, "PermissionsBoundary": other}
    assert call(learner, "iam", "put_role_permissions_boundary", **changed) in DENIED
    assert call(learner, "iam", "delete_role_policy", RoleName=name, PolicyName="p") == ""
    assert call(learner, "iam", "delete_role", RoleName=name) == ""


def put(role: str) -> dict[str, str]:
    return {"RoleName": role, "PolicyName": "p", "PolicyDocument": json.dumps(EVERYTHING)}


def test_a_role_with_every_permission_behind_the_boundary_can_do_no_more_than_the_learner(
    course: Class, cloud: CloudRecord, cloud_home: Any
) -> None:
    learner = course.learner
    lab = Building(learner, replace(Settings.from_environment({}), home=cloud_home))
    arn = deploy_role(learner, lab.name("all"), policy=EVERYTHING)
    code = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    boto3.client('s3').list_objects_v2(Bucket=event['bucket'])\n"
    )
    from labsupport.packaging.zips import zip_files

    lab.deploy_function("all", role_arn=arn, code=zip_files({"handler.py": code}), timeout_seconds=20)
    own, other = lab.deploy_bucket("own"), f"lab-{course.stranger.owner}-photos"
    answers = {
        bucket: json.loads(
            learner.client("lambda")
            .invoke(FunctionName=lab.name("all"), Payload=json.dumps({"bucket": bucket}))["Payload"]
            .read()
        )
        for bucket in (own, other)
    }
    assert answers[own] is None
    assert "AccessDenied" in answers[other]["errorMessage"]
    teardown(learner, late_log_seconds=0)


Denied = tuple[str, str, dict[str, Any]]
FORBIDDEN: dict[str, Denied] = {
    "a user": ("iam", "create_user", {"UserName": "mallory"}),
    "a key for itself": ("iam", "create_access_key", {"UserName": "learner-{owner}"}),
    "no boundary for itself": ("iam", "delete_user_permissions_boundary", {"UserName": "learner-{owner}"}),
    "a policy for itself": (
        "iam",
        "attach_user_policy",
        {"UserName": "learner-{owner}", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    "another boundary": (
        "iam",
        "create_policy_version",
        {"PolicyArn": "{boundary}", "PolicyDocument": json.dumps(EVERYTHING), "SetAsDefault": True},
    ),
    "more for a role without boundary": ("iam", "put_role_policy", put("lab-{owner}-unlimited")),
    "somebody's role": ("iam", "delete_role", {"RoleName": "administrator-of-all"}),
    "an administrator's role for a function": (
        "lambda",
        "create_function",
        {
            "FunctionName": "lab-{owner}-f",
            "Role": "arn:aws:iam::{account}:role/administrator-of-all",
            "Code": {"ZipFile": b"x"},
            "Runtime": "python3.13",
            "Handler": "a.b",
        },
    ),
    "another owner's function": ("lambda", "delete_function", {"FunctionName": "lab-{other}-hello"}),
    "another owner's function, invoked": ("lambda", "invoke", {"FunctionName": "lab-{other}-hello"}),
    "another owner's bucket": ("s3", "delete_bucket", {"Bucket": "lab-{other}-photos"}),
    "another owner's objects": ("s3", "put_object", {"Bucket": "lab-{other}-photos", "Key": "k"}),
    "a bucket of any name": ("s3", "create_bucket", {"Bucket": "photos-of-mallory"}),
    "another owner's queue": (
        "sqs",
        "purge_queue",
        {"QueueUrl": "{endpoint}/{account}/lab-{other}-done"},
    ),
    "a table of any name": (
        "dynamodb",
        "create_table",
        {
            "TableName": "mallory",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    ),
    "another owner's API": ("apigatewayv2", "delete_api", {"ApiId": "{api}"}),
    "another owner's API, tagged as one's own": (
        "apigatewayv2",
        "tag_resource",
        {"ResourceArn": "arn:aws:apigateway:us-east-1::/apis/{api}", "Tags": {"lab-owner": "{owner}"}},
    ),
    "an API without tags": ("apigateway", "create_rest_api", {"name": "lab-{owner}-x"}),
    "an API of a document, which has no tags": ("apigateway", "import_rest_api", {"body": "openapi: 3.0.1"}),
    "an API for somebody else": (
        "apigatewayv2",
        "create_api",
        {"Name": "x", "ProtocolType": "HTTP", "Tags": {"lab-owner": "{other}"}},
    ),
    "another owner's user pool": ("cognito-idp", "delete_user_pool", {"UserPoolId": "{pool}"}),
    "the account's users": ("iam", "list_users", {}),
    "a service that no notebook uses": ("sns", "create_topic", {"Name": "lab-{owner}-news"}),
}


# Those that change nothing which the other cases need.
HARMLESS = [
    "more for a role without boundary",
    "another owner's function, invoked",
    "another owner's queue",
    "another owner's objects",
    "an administrator's role for a function",
    "the account's users",
]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_learner_gets_no_further(course: Class, what: str) -> None:
    service, method, parameters = FORBIDDEN[what]
    assert call(course.learner, service, method, **filled(course, parameters)) in DENIED


@pytest.mark.parametrize("what", HARMLESS)
def test_the_same_call_of_an_administrator_is_not_denied(course: Class, what: str) -> None:
    """Or the test above would pass for a call that nobody may make, or that names nothing."""
    service, method, parameters = FORBIDDEN[what]
    assert call(course.admin, service, method, **filled(course, parameters)) == ""


def filled(course: Class, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: filled(course, each) for key, each in value.items()}
    if not isinstance(value, str):
        return value
    if value.startswith('{"'):
        return value
    stranger = course.stranger
    # Other tests have things of their own on this cloud.
    apis = stranger.client("apigatewayv2").get_apis()["Items"]
    pools = stranger.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    api = next(each["ApiId"] for each in apis if each["Name"] == f"lab-{stranger.owner}-orders")
    pool = next(each["Id"] for each in pools if each["Name"] == f"lab-{stranger.owner}-readers")
    return value.format(
        owner=course.learner.owner,
        other=stranger.owner,
        account=stranger.account,
        boundary=course.learner.permissions_boundary,
        endpoint=stranger.endpoint_url,
        api=api,
        pool=pool,
    )
