"""The table of IAM actions, against what AWS's own service models say."""

from __future__ import annotations

import re

import botocore.session
import pytest

from labsupport.iam_actions import BESIDES, OTHER_NAMES, actions_for

MODELS = botocore.session.get_session()
S3 = MODELS.get_service_model("s3")


def named_in_docs(operation: str) -> set[str]:
    return set(re.findall(r"\b(s3:[A-Z]\w+)", S3.operation_model(operation).documentation))


@pytest.mark.parametrize("service", sorted(OTHER_NAMES))
def test_only_operations_that_are_there_are_named(service: str) -> None:
    operations = set(MODELS.get_service_model(service).operation_names) | {"InvokeAsync"}
    assert OTHER_NAMES[service].keys() <= operations
    assert {operation for name, operation in BESIDES if name == service} <= operations


@pytest.mark.parametrize("operation", sorted(OTHER_NAMES["s3"]))
def test_other_names_in_s3_stand_in_the_operations_documentation(operation: str) -> None:
    named = named_in_docs(operation)
    assert not named or set(OTHER_NAMES["s3"][operation]) <= named


ROLE = {"Role": "arn:aws:iam::1:role/r"}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "actions"),
    [
        ("s3", "PutObject", {}, ("s3:PutObject",)),
        ("s3", "PutObject", {"Tagging": "a=b"}, ("s3:PutObject", "s3:PutObjectTagging")),
        ("s3", "GetObject", {"VersionId": "1"}, ("s3:GetObjectVersion",)),
        (
            "s3",
            "CreateBucket",
            {"CreateBucketConfiguration": {"Tags": [{"Key": "a"}]}},
            ("s3:CreateBucket", "s3:TagResource"),
        ),
        ("s3", "CreateBucket", {"CreateBucketConfiguration": {"Tags": []}}, ("s3:CreateBucket",)),
        ("lambda", "PublishLayerVersion", {}, ("lambda:PublishLayerVersion",)),
        ("lambda", "CreateFunction", ROLE, ("lambda:CreateFunction", "iam:PassRole")),
        (
            "lambda",
            "CreateFunction",
            ROLE | {"Layers": ["l"]},
            ("lambda:CreateFunction", "iam:PassRole", "lambda:GetLayerVersion"),
        ),
        ("lambda", "UpdateFunctionConfiguration", {}, ("lambda:UpdateFunctionConfiguration",)),
        ("events", "PutTargets", {"Targets": [{"Id": "1"}]}, ("events:PutTargets",)),
        (
            "events",
            "PutTargets",
            {"Targets": [{"Id": "1"}, {"RoleArn": "r"}]},
            ("events:PutTargets", "iam:PassRole"),
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"a": 1}}, {"ConditionCheck": {"a": 1}}]},
            ("dynamodb:ConditionCheckItem", "dynamodb:PutItem"),
        ),
        ("stepfunctions", "StartExecution", {}, ("states:StartExecution",)),
        ("bedrock-runtime", "Converse", {}, ("bedrock:InvokeModel",)),
        ("apigatewayv2", "CreateApi", {}, ("apigateway:POST",)),
        ("sts", "GetCallerIdentity", {}, ()),
        ("dynamodb", "ExecuteStatement", {}, None),
        ("polly", "SynthesizeSpeech", {}, None),
    ],
)
def test_a_call_needs_its_own_action_and_those_of_its_parameters(
    service: str, operation: str, parameters: dict[str, object], actions: tuple[str, ...] | None
) -> None:
    assert actions_for(service, operation, parameters, http_method="POST") == actions


def test_an_operation_whose_documentation_names_another_action_is_in_the_table() -> None:
    wrong = {}
    for operation in S3.operation_names:
        named = named_in_docs(operation)
        actions = actions_for("s3", operation, {})
        if named and actions and not set(actions) & named:
            wrong[operation] = named
    assert wrong == {}
