"""The ready IAM policies as documents: their size, their names, and what lies within what."""

from __future__ import annotations

import fnmatch
import json
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from labsupport.commands import policies as command
from labsupport.course_usage import course_usage
from labsupport.iam_actions import OTHER_NAMES, PREFIXES
from labsupport.permissions import PLACEHOLDER, read_policy
from labsupport.policies import LEARNER, MAX_CHARACTERS, NAMES, as_text, boundary_arn, policy
from tests.checkout import ROOT
from tests.iam import ACCOUNT, OWNER, REGION, VALUES, allows, context_of, statements

WHERE = {"account": ACCOUNT, "region": REGION, "owner": OWNER}
BOUNDARY = policy("boundary", **WHERE)
OF_THE_LEARNER = [each for name in LEARNER for each in statements(policy(name, **WHERE))]

# Actions that are permissions only: no operation of a service is called like them.
PERMISSIONS_ONLY = {
    "execute-api:Invoke",
    "execute-api:ManageConnections",
    "iam:PassRole",
    "lambda:InvokeFunction",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:UpdateLogDelivery",
    "s3:DeleteObjectVersion",
    *(f"apigateway:{verb}" for verb in ("DELETE", "GET", "PATCH", "POST", "PUT")),
    *(action for names in OTHER_NAMES.values() for actions in names.values() for action in actions),
}
SERVICES = {**PREFIXES, "s3control": "s3"}

# What a learner needs besides what the tape of the course shows, and why.
ASIDE = {
    "bedrock:GetFoundationModelAvailability": "the doctor",
    "bedrock:GetInferenceProfile": "RetrieveAndGenerate, where a model is called through a profile",
    "bedrock:TagResource": "AWS asks for it where CreateKnowledgeBase carries tags",
    "bedrock:UpdateKnowledgeBase": "a knowledge base that exists with another role",
    "cloudwatch:GetMetricData": "learners look at metrics themselves",
    "cloudwatch:ListMetrics": "learners look at metrics themselves",
    "cognito-idp:TagResource": "AWS asks for it where CreateUserPool carries tags",
    "cognito-idp:DeleteUserPoolDomain": "the teardown, where a learner made one",
    "cognito-idp:UpdateUserPool": "the teardown, where a learner protected a pool from deletion",
    "dynamodb:UpdateTable": "the teardown, where a learner protected a table from deletion",
    "dynamodb:TagResource": "AWS asks for it where CreateTable carries tags",
    "execute-api:Invoke": "requests that are signed for IAM (notebook 06)",
    "iam:DetachRolePolicy": "the teardown, where a learner attached a managed policy",
    "iam:GetUser": "the doctor",
    "iam:PutRolePermissionsBoundary": "a role that is older than LAB_PERMISSIONS_BOUNDARY",
    "iam:UpdateAssumeRolePolicy": "a role that exists with another trust policy",
    "lambda:DeleteEventSourceMapping": "the teardown, where a learner made one",
    "lambda:GetEventSourceMapping": "the teardown, until that one is gone",
    "lambda:TagResource": "AWS asks for it where CreateFunction carries tags",
    "logs:TagResource": "AWS asks for it where CreateLogGroup carries tags",
    "s3:AbortMultipartUpload": "the teardown, where an upload was broken off",
    "s3:PutBucketTagging": "AWS asked for it before s3:TagResource",
    "s3vectors:TagResource": "AWS asks for it where CreateVectorBucket carries tags",
    "sqs:SendMessage": "learners try their queues",
    **{
        f"logs:{name}": "AWS asks for it where a stage gets an access log"
        for name in (
            "CreateLogDelivery",
            "DeleteLogDelivery",
            "DescribeResourcePolicies",
            "GetLogDelivery",
            "ListLogDeliveries",
            "PutResourcePolicy",
            "UpdateLogDelivery",
        )
    },
}


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_fits_into_a_managed_policy_also_for_the_longest_names(name: str) -> None:
    longest = {"account": ACCOUNT, "region": "ap-southeast-10", "owner": "a" * 12}
    assert len(as_text(policy(name, **longest))) <= MAX_CHARACTERS


@cache
def operations() -> frozenset[str]:
    """Return the operations of the course's services, as actions."""
    session = botocore.session.get_session()
    return frozenset(
        f"{prefix}:{operation}"
        for service, prefix in SERVICES.items()
        for operation in session.get_service_model(service).operation_names
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_one_of_a_service(name: str) -> None:
    known = operations() | PERMISSIONS_ONLY
    document = policy(name, **WHERE)
    named = {action for each in statements(document) for action in each["Action"]}
    named |= {action for each in document["Statement"] for action in each.get("NotAction", [])}
    assert {action for action in named if not fnmatch.filter(known, action)} == set()


def test_what_the_learner_may_lies_within_the_boundary() -> None:
    outside = [
        (action, resource)
        for statement in OF_THE_LEARNER
        for action in statement["Action"]
        for resource in statement["Resource"]
        if not allows(BOUNDARY, action, resource, context=context_of(statement))
    ]
    assert [each for each in outside if each[1] != "arn:aws:bedrock:*::foundation-model/*"] == []


def test_the_boundary_knows_itself_by_the_arn_that_roles_are_given() -> None:
    needed = [each["Condition"] for each in statements(BOUNDARY) if "iam:CreateRole" in each["Action"]]
    assert needed == [{"StringEquals": {"iam:PermissionsBoundary": boundary_arn(ACCOUNT, OWNER)}}]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "functions").glob("*/policy.json")), ids=lambda p: p.parent.name
)
def test_what_a_function_may_lies_within_the_boundary(path: Path) -> None:
    names = PLACEHOLDER.findall(path.read_text(encoding="utf-8"))
    for statement in statements(read_policy(path, {**dict.fromkeys(names, f"lab-{OWNER}-x"), **VALUES})):
        for action in statement["Action"]:
            for resource in statement["Resource"]:
                assert allows(BOUNDARY, action, resource), (action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("bedrock:InvokeModel", f"arn:aws:bedrock:{REGION}::foundation-model/anthropic.claude-opus-5-5"),
        ("bedrock:CreateProvisionedModelThroughput", "*"),
        ("lambda:CreateCapacityProvider", "*"),
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/lab-{OWNER}-x"),
        ("iam:CreatePolicyVersion", boundary_arn(ACCOUNT, OWNER)),
        ("s3:DeleteBucket", "arn:aws:s3:::lab-anabel-photos"),
        ("s3:DeleteBucket", "arn:aws:s3:::photos"),
        ("lambda:DeleteFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:lab-bob-hello"),
        ("ec2:RunInstances", "*"),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
    ],
)
def test_the_boundary_allows_nothing_else(action: str, resource: str) -> None:
    assert not allows(BOUNDARY, action, resource)


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:CreateBucket"])
def test_in_another_region_nothing_is_allowed(action: str) -> None:
    resource = f"arn:aws:s3:::lab-{OWNER}-photos"
    assert allows(BOUNDARY, action, resource)
    assert not allows(BOUNDARY, action, resource, region="us-east-1")
    assert allows(BOUNDARY, action, resource, region=None), "a simulation without a Region"


@pytest.mark.parametrize(
    ("action", "place"),
    [
        ("scheduler:DeleteSchedule", "scheduler:{region}:{account}:schedule/default/{name}"),
        ("events:RemoveTargets", "events:{region}:{account}:rule/{name}"),
        ("events:DeleteRule", "events:{region}:{account}:rule/{name}"),
        ("cloudwatch:DeleteAlarms", "cloudwatch:{region}:{account}:alarm:{name}"),
        ("sns:DeleteTopic", "sns:{region}:{account}:{name}"),
        ("dynamodb:UpdateTable", "dynamodb:{region}:{account}:table/{name}"),
        ("iam:DeletePolicyVersion", "iam::{account}:policy/{name}"),
        ("iam:DeletePolicy", "iam::{account}:policy/{name}"),
    ],
)
def test_an_instructor_sweeps_the_labs_things_and_nobody_elses(action: str, place: str) -> None:
    document = policy("instructor", **WHERE)

    def may(name: str, **tags: str) -> bool:
        resource = "arn:aws:" + place.format(region=REGION, account=ACCOUNT, name=name)
        context = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
        return allows(document, action, resource, context=context)

    assert may("lab-ana-x", lab="serverless-lab")
    assert not may("photos")
    assert not may("my-lab-ana-x", team="blue")
    if action.startswith("iam:"):  # the policies that keep learners within bounds have such names
        assert not may("lab-boundary-ana")


@pytest.mark.parametrize("action", ["lambda:DeleteEventSourceMapping", "lambda:GetEventSourceMapping"])
def test_a_mapping_is_deleted_by_whoever_may_delete_its_function(action: str) -> None:
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
    for document, others in ((policy("instructor", **WHERE), "photos"), (BOUNDARY, "lab-ben-hello")):
        for name, allowed in ((f"lab-{OWNER}-hello", True), (others, False)):
            context = {"lambda:FunctionArn": function + name}
            assert allows(document, action, "*", context=context) is allowed


def test_the_learner_may_what_the_course_needs_and_nothing_else() -> None:
    may = {action for statement in OF_THE_LEARNER for action in statement["Action"]}
    needed = {action for used in course_usage().values() for action in used.actions}
    assert needed - may == set()
    assert may - needed == set(ASIDE)


def test_the_command_prints_a_policy_with_everything_filled_in(capsys: Any) -> None:
    arguments = command_line("boundary", "--owner", OWNER, "--account", ACCOUNT, "--region", REGION)
    assert command.run(arguments) == 0
    assert json.loads(capsys.readouterr().out) == BOUNDARY


def test_the_command_writes_all_policies(tmp_path: Path, capsys: Any) -> None:
    arguments = command_line("--owner", OWNER, "--account", ACCOUNT, "--write", str(tmp_path / "new"))
    assert command.run(arguments) == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        "lab-boundary-ana.json",
        "lab-instructor.json",
        "lab-learner-data-ana.json",
        "lab-learner-functions-ana.json",
    }


def test_the_command_says_which_policies_there_are_and_what_to_set(capsys: Any) -> None:
    assert command.run(command_line("--owner", OWNER, "--account", ACCOUNT)) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in NAMES)
    assert f"LAB_PERMISSIONS_BOUNDARY={boundary_arn(ACCOUNT, OWNER)}" in printed


def command_line(*words: str) -> Any:
    import argparse

    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)
