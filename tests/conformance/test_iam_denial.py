"""A denial names who asked, the action, the resource and the reason, whatever the service.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.session import LocalSession

pytestmark = pytest.mark.functional

API, BUCKET = "abcd1234", "visited-by-nobody"
HERE = "us-east-1:{account}"
CONNECTION = {"ConnectionId": "c1", "Data": b"hello"}

# Service, call, parameters, action, and the resource as the message writes it.
CALLS: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("s3", "get_object", {"Bucket": BUCKET, "Key": "k"}, "s3:GetObject", f'"arn:aws:s3:::{BUCKET}/k"'),
    ("s3", "list_objects_v2", {"Bucket": BUCKET}, "s3:ListBucket", f'"arn:aws:s3:::{BUCKET}"'),
    (
        "lambda",
        "get_function",
        {"FunctionName": "f"},
        "lambda:GetFunction",
        f"arn:aws:lambda:{HERE}:function:f",
    ),
    (
        "dynamodb",
        "get_item",
        {"TableName": "t", "Key": {"id": {"S": "1"}}},
        "dynamodb:GetItem",
        f"arn:aws:dynamodb:{HERE}:table/t",
    ),
    (
        "apigatewaymanagementapi",
        "post_to_connection",
        CONNECTION,
        "execute-api:ManageConnections",
        f"arn:aws:execute-api:{HERE}:{API}/live/POST/@connections/c1",
    ),
]


@pytest.fixture
def visitor(lab: Lab) -> Iterator[tuple[str, LocalSession]]:
    """Return an IAM user who may do nothing, and a session of theirs."""
    iam, name, url = lab.client("iam"), lab.name("visitor"), lab.target.endpoint_url
    assert url is not None
    lab.client("s3").create_bucket(Bucket=BUCKET)
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    yield (
        name,
        LocalSession(
            url,
            lab.region,
            access_key_id=key["AccessKeyId"],
            secret_access_key=key["SecretAccessKey"],
        ),
    )
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    with_policy = iam.list_user_policies(UserName=name)["PolicyNames"]
    for policy in with_policy:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    iam.delete_user(UserName=name)
    lab.client("s3").delete_bucket(Bucket=BUCKET)


def message(lab: Lab, session: LocalSession, service: str, call: str, parameters: dict[str, Any]) -> str:
    where = {}
    if service == "apigatewaymanagementapi":
        where = {"endpoint_url": lab.target.api_url(API, "live")}
    with pytest.raises(ClientError) as denied:
        getattr(session.client(service, **where), call)(**parameters)
    return str(denied.value.response["Error"].get("Message"))


def test_a_denial_names_everything(lab: Lab, visitor: tuple[str, LocalSession]) -> None:
    name, session = visitor
    said = {action: message(lab, session, *call, parameters) for *call, parameters, action, _ in CALLS}
    user = f"arn:aws:iam::{lab.account}:user/{name}"
    assert said == {
        action: f"User: {user} is not authorized to perform: {action} on resource: "
        f"{resource.format(account=lab.account)} because no identity-based policy allows the {action} action"
        for *_, action, resource in CALLS
    }


def test_an_explicit_deny_is_named_as_such(lab: Lab, visitor: tuple[str, LocalSession]) -> None:
    name, session = visitor
    both = [{"Effect": effect, "Action": "*", "Resource": "*"} for effect in ("Allow", "Deny")]
    policy = json.dumps({"Version": "2012-10-17", "Statement": both})
    lab.client("iam").put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
    for *call, parameters, _action, resource in CALLS:
        said = message(lab, session, *call, parameters)
        ends = f"{resource.format(account=lab.account)} with an explicit deny in an identity-based policy"
        assert said.endswith(ends), said
