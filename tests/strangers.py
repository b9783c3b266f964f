"""Things in an account that are not the owner's, as near to it as names and tags allow."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

from labsupport.packaging import zip_files
from labsupport.resources.ownership import as_list
from labsupport.resources.role import deploy_role
from labsupport.target import Target
from tests.one_of_each import put_alarm

Tags = dict[str, str]
CODE = zip_files({"handler.py": b"def handler(event, context):\n    return event\n"})
NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def kinds_of_stranger(owner: str, other: str, tags: Tags) -> dict[str, tuple[str, Tags]]:
    """Return prefixes of names, and tags: of another owner, and of nobody whom a teardown may know."""
    others = tags | {"lab-owner": other}
    return {
        "another owner's": (f"lab-{other}-", others),
        "with our name and no tags": (f"lab-{owner}-", {}),
        "with our name and somebody's tags": (f"lab-{owner}-", {"team": "blue"}),
        "with our name and another owner's tags": (f"lab-{owner}-", others),
        "with our tags and a name of its own": ("photos-", tags),
        "with our tags and nearly our name": (f"lab-{owner}x-", tags),
    }


def build_strangers(target: Target, other: str, *, of_each: int) -> int:
    """Build `of_each` things of each kind of stranger and of each service; return how many that are."""
    deploy_role(target, SCHEDULER, policy=NOTHING, trust="scheduler.amazonaws.com")
    strangers, count = kinds_of_stranger(target.owner, other, target.tags()), itertools.count()
    for number, (prefix, tags) in itertools.product(range(of_each), strangers.values()):
        for make in MAKERS:
            # The number makes the name unique: several kinds have the same prefix.
            make(target, f"{prefix}{next(count)}-{number}", tags)
    for number in range(of_each):  # what has no tags: only a name tells whose it is
        for prefix in (f"lab-{other}-", f"lab-{target.owner}x-", "photos-"):
            for make in WITHOUT_TAGS:
                make(target, f"{prefix}{next(count)}-{number}")
    return next(count)


def _queue(target: Target, name: str, tags: Tags) -> None:
    target.client("sqs").create_queue(QueueName=name, tags=tags)


def _role(target: Target, name: str, tags: Tags) -> None:
    document = json.dumps(TRUST)
    target.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=document, **_listed(tags), PermissionsBoundary=BOUNDARY
    )


def _function(target: Target, name: str, tags: Tags) -> None:
    """Make a function with a role, a log group and a mapping: all of them are somebody's."""
    _role(target, name, tags)
    target.client("lambda").create_function(
        FunctionName=name,
        Role=f"arn:aws:iam::{target.account}:role/{name}",
        Runtime="python3.11",
        Handler="handler.handler",
        Code={"ZipFile": CODE},
        Tags=tags,
    )
    target.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")


def _bucket(target: Target, name: str, tags: Tags) -> None:
    configuration = {"CreateBucketConfiguration": _listed(tags)} if tags else {}
    target.client("s3").create_bucket(Bucket=name, **configuration)


def _table(target: Target, name: str, tags: Tags) -> None:
    target.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        DeletionProtectionEnabled=True,
        **_listed(tags),
    )


def _topic(target: Target, name: str, tags: Tags) -> None:
    target.client("sns").create_topic(Name=name, **_listed(tags))


def _rule(target: Target, name: str, tags: Tags) -> None:
    target.client("events").put_rule(Name=name, ScheduleExpression="rate(1 day)", **_listed(tags))


def _alarm(target: Target, name: str, tags: Tags) -> None:
    put_alarm(target, name, **_listed(tags))


def _policy(target: Target, name: str, tags: Tags) -> None:
    target.client("iam").create_policy(PolicyName=name, PolicyDocument=json.dumps(NOTHING), **_listed(tags))


def _rest_api(target: Target, name: str, tags: Tags) -> None:
    client = target.client("apigateway")
    api_id = client.create_rest_api(name=name, tags=tags)["id"]
    target.client("logs").create_log_group(logGroupName=f"API-Gateway-Execution-Logs_{api_id}/prod")
    client.create_usage_plan(name=name, tags=tags)
    client.create_api_key(name=name, tags=tags)


def _http_api(target: Target, name: str, tags: Tags) -> None:
    target.client("apigatewayv2").create_api(Name=name, ProtocolType="HTTP", Tags=tags)


def _user_pool(target: Target, name: str, tags: Tags) -> None:
    target.client("cognito-idp").create_user_pool(
        PoolName=name, DeletionProtection="ACTIVE", UserPoolTags=tags
    )


def _vector_bucket(target: Target, name: str, tags: Tags) -> None:
    target.client("s3vectors").create_vector_bucket(vectorBucketName=name, tags=tags)


def _layer(target: Target, name: str) -> None:
    target.client("lambda").publish_layer_version(LayerName=name, Content={"ZipFile": CODE})


def _schedule(target: Target, name: str) -> None:
    target.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": f"arn:aws:sqs:{target.region}:{target.account}:jobs",
            "RoleArn": f"arn:aws:iam::{target.account}:role/{SCHEDULER}",
        },
    )


def _access_log(target: Target, name: str) -> None:
    target.client("logs").create_log_group(logGroupName=f"/aws/apigateway/{name}")


def _listed(tags: Tags) -> dict[str, Any]:
    return {"Tags": as_list(tags)} if tags else {}


SCHEDULER = "scheduler"
BOUNDARY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
MAKERS: tuple[Callable[[Target, str, Tags], None], ...] = (
    _queue,
    _function,
    _bucket,
    _table,
    _topic,
    _rule,
    _alarm,
    _policy,
    _rest_api,
    _http_api,
    _user_pool,
    _vector_bucket,
)
WITHOUT_TAGS: tuple[Callable[[Target, str], None], ...] = (_layer, _schedule, _access_log)
