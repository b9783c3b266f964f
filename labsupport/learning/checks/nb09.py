"""The checks of 09_bedrock_summary."""

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
from labsupport.model_in_region import model_arns
from labsupport.waiting import tolerate

TRIES = "answers/tries.json"
INVOKE, STREAM = "bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"
OTHERS = ("amazon.nova-lite-v1:0", "amazon.nova-pro-v1:0")


def finish(cloud: Cloud) -> Iterator[Point]:
    """Read what the learner's loop has stored: each answer's stop reason and tokens."""
    tries = _tries(cloud)
    reasons = [each["stopReason"] for each in tries]
    said = f"The answers ended with: {', '.join(reasons) or 'nothing yet'}."
    yield Point(
        "the first answer was cut off",
        ok=reasons[:1] == ["max_tokens"],
        wrong=said,
        look="Begin with 25 tokens. The code is to notice, whatever the limit was.",
    )
    yield Point(
        "the last answer is whole",
        ok=reasons[-1:] == ["end_turn"],
        wrong=said,
        look="Ask again while the last stopReason is max_tokens.",
    )
    written = [each.get("outputTokens", 0) for each in tries]
    yield Point(
        "it has more tokens than the first one",
        ok=len(written) > 1 and written[-1] > written[0],
        wrong=f"Tokens written: {', '.join(map(str, written)) or 'none'}.",
        look="A new call with a higher maxTokens writes more. The stop reason is the model's to say.",
    )
    yield Point(
        "nothing was asked after a whole answer",
        ok=bool(reasons) and set(reasons[:-1]) <= {"max_tokens"},
        wrong=said,
        look="Stop as soon as the last answer is not cut off. Each call is paid for.",
    )


def one_model(cloud: Cloud) -> Iterator[Point]:
    """Ask IAM what the execution role's policies would decide."""
    used = _model(cloud)
    needed = model_arns(cloud.target, used)
    resource = "the ARN of the model" if len(needed) == 1 else "what lab.model_arns(model) lists"
    may = f"Effect Allow, Action {INVOKE}, Resource {resource}."
    yield _decides(cloud, INVOKE, f"the model `{used}`", needed, allowed=True, look=may)
    less = "The role has more than it needs. Narrow the Action or the Resource."
    for other in OTHERS:
        if not used.endswith(other):
            own = f"arn:aws:bedrock:{cloud.target.region}::foundation-model/{other}"
            yield _decides(cloud, INVOKE, f"the model `{other}`", [own], allowed=False, look=less)
    yield _decides(cloud, STREAM, f"the model `{used}`", needed, allowed=False, look=less)
    bucket = f"arn:aws:s3:::{cloud.name('texts')}"
    kept = "Keep the statements that were there."
    for action, key in (("s3:GetObject", "texts/a.txt"), ("s3:PutObject", "summaries/a.txt.summary.txt")):
        yield _decides(cloud, action, f"`{key}`", [f"{bucket}/{key}"], allowed=True, look=kept)


def summaries(cloud: Cloud) -> Iterator[Point]:
    """Ask how bucket, function and role are configured, and which texts have a summary."""
    sends = cloud.client("s3").get_bucket_notification_configuration(Bucket=cloud.name("texts"))
    prefixes = [_prefix(each) for each in sends.get("LambdaFunctionConfigurations", [])]
    yield Point(
        "S3 sends events for texts/ and for nothing else",
        ok=prefixes == ["texts/"],
        wrong=f"It sends for: {', '.join(map(repr, prefixes)) or 'nothing'}.",
        look="Step 7 connects the bucket.",
    )
    statements = invoke_statements(cloud, "summarize")
    bucket = f"arn:aws:s3:::{cloud.name('texts')}"
    yield Point(
        "S3 may invoke the function, for this bucket only",
        ok=bool(statements) and all(_is_for(each, bucket) for each in statements),
        wrong=f"Who may: {', '.join(map(principal_of, statements)) or 'nobody'}.",
        look="Step 7 gives the permission.",
    )
    yield from one_model(cloud)
    texts, made = _keys(cloud, "texts/"), _keys(cloud, "summaries/")
    reviews = {key for key in texts if key.endswith("review.txt")}
    missing = {key for key in reviews if f"{key}.summary.json" not in made}
    yield Point(
        "every review has a summary with its cost",
        ok=bool(reviews) and not missing,
        wrong=f"None has: {', '.join(sorted(missing)[:3]) or 'there is no review yet'}.",
        look="Upload it again, and read the function's log.",
    )


def nothing_tried(cloud: Cloud) -> None:
    """Forget the answers of the exercise."""
    cloud.client("s3").delete_object(Bucket=cloud.name("texts"), Key=TRIES)


def without_bedrock(cloud: Cloud) -> None:
    """Take everything of Bedrock out of the role's policy."""
    iam, role = cloud.client("iam"), {"RoleName": cloud.name("summarize"), "PolicyName": "least-privilege"}
    document = iam.get_role_policy(**role)["PolicyDocument"]
    kept = [each for each in document["Statement"] if "bedrock:" not in str(each["Action"])]
    iam.put_role_policy(**role, PolicyDocument=json.dumps({**document, "Statement": kept}))


def _tries(cloud: Cloud) -> list[dict[str, Any]]:
    with tolerate("NoSuchKey"):
        body = cloud.client("s3").get_object(Bucket=cloud.name("texts"), Key=TRIES)["Body"].read()
        found: list[dict[str, Any]] = json.loads(body)
        return found
    return []


def _model(cloud: Cloud) -> str:
    """Return the model that the function is configured to ask."""
    settings = cloud.client("lambda").get_function_configuration(FunctionName=cloud.name("summarize"))
    return str(settings["Environment"]["Variables"]["MODEL_ID"])


def _decides(
    cloud: Cloud, action: str, what: str, resources: list[str], *, allowed: bool, look: str
) -> Point:
    decided = {arn: decision(cloud, "summarize", action, arn) for arn in resources}
    wrong = [arn for arn, decides in decided.items() if (decides == "allowed") != allowed]
    return Point(
        f"the role {'may' if allowed else 'may not'} {action} on {what}",
        ok=not wrong,
        wrong="".join(f"IAM decides: {decided[arn]}, on {arn}." for arn in wrong[:1]),
        look=look,
    )


def _is_for(statement: dict[str, Any], bucket: str) -> bool:
    return service_of(statement) == "s3.amazonaws.com" and condition_of(statement, "aws:sourcearn") == bucket


def _prefix(configuration: dict[str, Any]) -> str:
    rules = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    return next((rule["Value"] for rule in rules if rule["Name"].lower() == "prefix"), "")


def _keys(cloud: Cloud, prefix: str) -> set[str]:
    pages = cloud.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=cloud.name("texts"), Prefix=prefix)
    return {each["Key"].removeprefix(prefix) for page in found for each in page.get("Contents", [])}


CHECKS = {"finish": finish, "one-model": one_model, "summaries": summaries}
RESETS = {"finish": nothing_tried, "one-model": without_bedrock}
