"""The checks of 05_s3_thumbnails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from labsupport.learning.checks import Cloud, Point
from labsupport.learning.checks.statements import (
    condition_of,
    decision,
    invoke_statements,
    principal_of,
    service_of,
)
from labsupport.naming import log_group_name
from labsupport.waiting import tolerate

STATEMENT_ID = "s3-photos"
WRITE = "WriteThumbnails"
"""The Sid of the course's statement. The learner's own has none, or this one."""


def permission(cloud: Cloud) -> Iterator[Point]:
    """Read in the function's resource-based policy who may invoke it, and under which conditions."""
    statements = invoke_statements(cloud, "thumbnail")
    for_s3 = [each for each in statements if service_of(each) == "s3.amazonaws.com"]
    yield Point(
        "S3 may invoke the function",
        ok=bool(for_s3),
        wrong=f"Who may: {', '.join(map(principal_of, statements)) or 'nobody'}.",
        look='The Principal of Amazon S3 is "s3.amazonaws.com".',
    )
    bucket = f"arn:aws:s3:::{cloud.name('photos')}"
    sources = [condition_of(each, "aws:sourcearn") for each in for_s3]
    yield Point(
        "only for the bucket with the photos",
        ok=bool(for_s3) and set(sources) == {bucket},
        wrong=f"For: {', '.join(source or 'any bucket' for source in sources) or 'no bucket yet'}.",
        look="SourceArn is the ARN of a bucket: arn:aws:s3::: and its name.",
    )
    accounts = [condition_of(each, "aws:sourceaccount") for each in for_s3]
    yield Point(
        "only while the bucket belongs to your account",
        ok=bool(for_s3) and set(accounts) == {cloud.target.account},
        wrong=f"For: {', '.join(account or 'any account' for account in accounts) or 'no account yet'}.",
        look="A bucket's ARN has no account in it. SourceAccount says which one it must be.",
    )
    others = [each for each in statements if each not in for_s3]
    yield Point(
        "nobody else may",
        ok=not others,
        wrong=f"So may: {', '.join(map(principal_of, others))}.",
        look="Remove the statements that you don't need: RemovePermission.",
    )


def policy(cloud: Cloud) -> Iterator[Point]:
    """Ask IAM what the execution role's policies would decide."""
    may = "Effect Allow, Action s3:PutObject, Resource the ARN of the objects that it writes."
    yield _decides(cloud, "s3:PutObject", "thumbnails", "thumbnails/cat.jpg", allowed=True, look=may)
    kept = "Keep the statements that were there."
    yield _decides(cloud, "s3:GetObject", "photos", "raw/cat.jpg", allowed=True, look=kept)
    less = "The role has more than it needs. Narrow the Action or the Resource."
    for action, bucket, key in (
        ("s3:PutObject", "photos", "raw/cat.jpg"),
        ("s3:PutObject", "thumbnails", "elsewhere/cat.jpg"),
        ("s3:GetObject", "thumbnails", "thumbnails/cat.jpg"),
        ("s3:DeleteObject", "thumbnails", "thumbnails/cat.jpg"),
    ):
        yield _decides(cloud, action, bucket, key, allowed=False, look=less)


def pipeline(cloud: Cloud) -> Iterator[Point]:
    """Ask every part of the pipeline how it is configured, and both buckets what is in them."""
    photos, function = cloud.name("photos"), cloud.name("thumbnail")
    sends = cloud.client("s3").get_bucket_notification_configuration(Bucket=photos)
    prefixes = [_prefix(each) for each in sends.get("LambdaFunctionConfigurations", [])]
    yield Point(
        "S3 sends events for raw/ and for nothing else",
        ok=prefixes == ["raw/"],
        wrong=f"It sends for: {', '.join(map(repr, prefixes)) or 'nothing'}.",
        look="Step 2 connects the bucket.",
    )
    yield from permission(cloud)
    yield from policy(cloud)
    aws_lambda = cloud.client("lambda")
    layers = aws_lambda.get_function_configuration(FunctionName=function).get("Layers", [])
    yield Point("the function has its layer", ok=bool(layers), wrong="It has none.", look="Run Step 1.")
    yield Point(
        "what fails is kept",
        ok=_on_failure(cloud) is not None,
        wrong="There is no on-failure destination.",
        look="Step 4 configures it.",
    )
    lost = _uploaded(cloud) - _made(cloud) - _refused(cloud)
    yield Point(
        "every upload has a thumbnail or an error in the log",
        ok=not lost,
        wrong=f"Neither has: {', '.join(sorted(lost)[:3])}.",
        look="Upload it again, and read the function's log.",
    )


def without_permission(cloud: Cloud) -> None:
    """Take the statement of the exercise away."""
    with tolerate("ResourceNotFoundException"):
        cloud.client("lambda").remove_permission(
            FunctionName=cloud.name("thumbnail"), StatementId=STATEMENT_ID
        )


def without_put(cloud: Cloud) -> None:
    """Take s3:PutObject out of the role's policy."""
    iam, role = cloud.client("iam"), {"RoleName": cloud.name("thumbnail"), "PolicyName": "least-privilege"}
    document = iam.get_role_policy(**role)["PolicyDocument"]
    kept = [each for each in document["Statement"] if each.get("Sid", WRITE) != WRITE]
    iam.put_role_policy(**role, PolicyDocument=json.dumps({**document, "Statement": kept}))


def _decides(cloud: Cloud, action: str, bucket: str, key: str, *, allowed: bool, look: str) -> Point:
    decided = decision(cloud, "thumbnail", action, f"arn:aws:s3:::{cloud.name(bucket)}/{key}")
    return Point(
        f"the role {'may' if allowed else 'may not'} {action} `{key}` in the bucket {bucket}",
        ok=(decided == "allowed") == allowed,
        wrong=f"IAM decides: {decided}.",
        look=look,
    )


def _prefix(configuration: dict[str, Any]) -> str:
    rules = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    return next((rule["Value"] for rule in rules if rule["Name"].lower() == "prefix"), "")


def _on_failure(cloud: Cloud) -> str | None:
    with tolerate("ResourceNotFoundException"):
        found = cloud.client("lambda").get_function_event_invoke_config(FunctionName=cloud.name("thumbnail"))
        destination: str | None = found.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        return destination
    return None


def _uploaded(cloud: Cloud) -> set[str]:
    return _keys(cloud, cloud.name("photos"), "raw/")


def _made(cloud: Cloud) -> set[str]:
    return _keys(cloud, cloud.name("thumbnails"), "thumbnails/")


def _refused(cloud: Cloud) -> set[str]:
    """Return the keys that the handler has logged an error for."""
    pages = cloud.client("logs").get_paginator("filter_log_events")
    group, refused = log_group_name(cloud.name("thumbnail")), set()
    for page in pages.paginate(logGroupName=group, filterPattern='"reason"'):
        for event in page["events"]:
            line = json.loads(event["message"])
            refused.add(line["key"].removeprefix("raw/"))
    return refused


def _keys(cloud: Cloud, bucket: str, prefix: str) -> set[str]:
    pages = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {entry["Key"].removeprefix(prefix) for page in pages for entry in page.get("Contents", [])}


CHECKS = {"permission": permission, "policy": policy, "pipeline": pipeline}
RESETS = {"permission": without_permission, "policy": without_put}
