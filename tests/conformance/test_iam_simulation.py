"""IAM's simulation: policies, permissions boundary and the context that the caller names.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.localcloud.record import CloudRecord
from labsupport.settings import Settings
from labsupport.target import connect
from labsupport.waiting import error_code

pytestmark = pytest.mark.functional

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:f"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="module")
def limited(cloud: CloudRecord, cloud_home: Any) -> Iterator[tuple[Any, str]]:
    """Return IAM, and the ARN of a user who may do everything behind a boundary of two actions."""
    iam = connect(Settings.from_environment({"LAB_HOME": str(cloud_home)})).client("iam")
    name = f"limited-{uuid.uuid4().hex[:8]}"
    boundary = document(
        {"Effect": "Allow", "Action": ["s3:GetObject", "lambda:GetFunction"], "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": "lambda:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
        },
    )
    limit = iam.create_policy(PolicyName=name, PolicyDocument=boundary)["Policy"]["Arn"]
    user = iam.create_user(UserName=name, PermissionsBoundary=limit)["User"]["Arn"]
    everything = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=everything)
    yield iam, user
    iam.delete_user_policy(UserName=name, PolicyName="p")
    iam.delete_user_permissions_boundary(UserName=name)
    iam.delete_user(UserName=name)
    iam.delete_policy(PolicyArn=limit)


def test_an_action_outside_of_the_boundary_is_denied_and_the_answer_says_why(
    limited: tuple[Any, str],
) -> None:
    iam, user = limited
    answer = iam.simulate_principal_policy(
        PolicySourceArn=user, ActionNames=["s3:GetObject", "s3:PutObject"], ResourceArns=["arn:aws:s3:::b/k"]
    )
    read, write = answer["EvaluationResults"]
    assert (read["EvalDecision"], write["EvalDecision"]) == ("allowed", "implicitDeny")
    assert write["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


@pytest.mark.parametrize(("region", "decision"), [("eu-west-1", "explicitDeny"), ("eu-west-2", "allowed")])
def test_a_condition_counts_with_the_context_that_the_caller_names(
    limited: tuple[Any, str], region: str, decision: str
) -> None:
    iam, user = limited
    entry = {
        "ContextKeyName": "aws:RequestedRegion",
        "ContextKeyValues": [region],
        "ContextKeyType": "string",
    }
    answer = iam.simulate_principal_policy(
        PolicySourceArn=user,
        ActionNames=["lambda:GetFunction"],
        ResourceArns=[FUNCTION],
        ContextEntries=[entry],
    )
    assert [result["EvalDecision"] for result in answer["EvaluationResults"]] == [decision]


def test_nobody_is_not_simulated(limited: tuple[Any, str]) -> None:
    iam, user = limited
    with pytest.raises(ClientError) as refused:
        iam.simulate_principal_policy(PolicySourceArn=f"{user}-not", ActionNames=["s3:GetObject"])
    assert error_code(refused.value) == "NoSuchEntity"
