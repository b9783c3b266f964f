"""Each policy of the lab says what AWS's service authorization reference knows (`tests/policy_linter.py`)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from labsupport.localcloud.rules import iam_lambda_resource
from labsupport.permissions import PLACEHOLDER, read_policy
from labsupport.resources.knowledge_base import knowledge_base_policy
from labsupport.resources.role import trust_document
from tests.checkout import ROOT
from tests.iam import ACCOUNT, OWNER, REGION, VALUES
from tests.policy_linter import has_resources, is_about, problems

FILES = sorted(
    [*(ROOT / "functions").glob("*/policy.json"), *(ROOT / "labsupport" / "policies").glob("*.json")]
)
LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_policy_of_a_file_is_right(path: Path) -> None:
    names = PLACEHOLDER.findall(path.read_text(encoding="utf-8"))
    assert problems(read_policy(path, {**dict.fromkeys(names, f"lab-{OWNER}-x"), **VALUES})) == []


def test_the_policy_of_a_knowledge_bases_role_is_right() -> None:
    target: Any = SimpleNamespace(region=REGION, account=ACCOUNT)
    assert (
        problems(knowledge_base_policy(target, "lab-ana-notes", bucket="lab-ana-notes", prefix="notes/"))
        == []
    )


@pytest.mark.parametrize("service", ["lambda.amazonaws.com", "bedrock.amazonaws.com"])
def test_the_trust_policy_of_a_role_is_right(service: str) -> None:
    assert problems(trust_document(service), of_a_role=True) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"Action": "s3:GetObjekt"}, "s3:GetObjekt is no action"),
        ({"Action": "s4:GetObject"}, "s4:GetObject is no action"),
        ({"Action": "lambda:Invoke"}, "lambda:Invoke is no action"),
        ({"Action": ["s3:GetObject", "s3:ListBucket"]}, "s3:ListBucket is never about arn:aws:s3:::photos/*"),
        (
            {"Action": "s3:*", "Resource": ["arn:aws:s3:::photos", "arn:aws:sqs:eu-west-1:111122223333:q"]},
            "nothing that is named is about arn:aws:sqs:eu-west-1:111122223333:q",
        ),
        ({"Resource": "arn:aws:s3:::photos"}, "s3:GetObject is never about arn:aws:s3:::photos"),
        (
            {"Action": "lambda:ListLayerVersions", "Resource": f"{LAMBDA}:layer:x"},
            f"lambda:ListLayerVersions is never about {LAMBDA}:layer:x",
        ),
        (
            {"Condition": {"StringEquals": {"lambda:FunctionArn": "x"}}},
            "a request for s3:GetObject never has lambda:FunctionArn",
        ),
        ({"Condition": {"StringIs": {"aws:SourceIp": "x"}}}, "StringIs is no operator"),
        ({"Effect": "allow"}, "Effect is neither Allow nor Deny"),
        ({"Ressource": "*"}, "Ressource is no element"),
        ({"Principal": "*"}, "a trust policy has a Principal"),
    ],
)
def test_what_can_never_apply_is_a_problem(changes: dict[str, Any], problem: str) -> None:
    right = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}
    assert problems({"Version": "2012-10-17", "Statement": [right]}) == []
    found = problems({"Version": "2012-10-17", "Statement": [right | changes]})
    assert any(problem in each for each in found), found


def test_a_condition_that_holds_without_its_key_is_no_problem() -> None:
    condition = {"StringEqualsIfExists": {"lambda:FunctionArn": "x"}, "Null": {"lambda:FunctionArn": "true"}}
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition}
    assert problems({"Version": "2012-10-17", "Statement": [statement]}) == []


def test_an_old_version_and_two_statements_of_one_name_are_problems() -> None:
    statement = {"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    assert problems({"Version": "2008-10-17", "Statement": [statement, statement]}) == [
        "Version is not 2012-10-17",
        "two statements are called A",
    ]


def operations_with(parameter: str) -> set[str]:
    """Return the operations of the Lambda API that have a parameter."""
    model = botocore.session.get_session().get_service_model("lambda")
    return {
        name
        for name in model.operation_names
        if (shape := model.operation_model(name).input_shape) and parameter in shape.members
    }


def test_the_local_cloud_knows_which_calls_are_about_a_layers_version_and_which_about_nothing() -> None:
    with_a_layer = {f"lambda:{name}" for name in operations_with("LayerName")}
    nothing = {each for each in with_a_layer if not has_resources(each)}
    assert nothing == {f"lambda:{name}" for name in iam_lambda_resource.ABOUT_NOTHING}
    versions = {each for each in with_a_layer - nothing if not is_about(each, f"{LAMBDA}:layer:x")}
    assert versions == {f"lambda:{name}" for name in iam_lambda_resource.OF_A_LAYER_VERSION}


def test_the_local_cloud_knows_which_calls_are_about_a_version_or_an_alias_only() -> None:
    named = {f"lambda:{name}" for name in operations_with("Qualifier")} & ACTIONS
    only = {each for each in named if not is_about(each, f"{LAMBDA}:function:x")}
    assert only == {f"lambda:{name}" for name in iam_lambda_resource.OF_A_VERSION_OR_ALIAS} & ACTIONS


ACTIONS = {f"lambda:{name}" for name in operations_with("FunctionName")} - {
    "lambda:Invoke",  # its action is InvokeFunction, which is about functions, too
    "lambda:InvokeWithResponseStream",
}
