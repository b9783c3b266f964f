"""Execution roles: what a function may do.

A role gets the permissions boundary that the target names (LAB_PERMISSIONS_BOUNDARY), if there is one.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from __future__ import annotations

import json
from typing import Any

from labsupport.lost_answers import survives_lost_answers
from labsupport.resources.ownership import as_dict, as_list, require_ours
from labsupport.target import Target
from labsupport.waiting import tolerate

POLICY_NAME = "least-privilege"
GONE = "NoSuchEntity"


@survives_lost_answers
def deploy_role(
    target: Target, name: str, *, policy: dict[str, Any], trust: str = "lambda.amazonaws.com"
) -> str:
    """Create the role or bring it up to date, and return its ARN.

    Args:
        target: where.
        name: full name of the role.
        policy: the permissions, an IAM policy document; the role's only inline policy.
        trust: the service principal that may assume the role.
    """
    iam = target.client("iam")
    document = trust_document(trust)
    with target.tape.plumbing():
        role = describe_role(target, name)
        if role is None:
            tags, trusted = as_list(target.tags()), json.dumps(document)
            limit = {"PermissionsBoundary": boundary} if (boundary := target.permissions_boundary) else {}
            answer = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, Tags=tags, **limit)
            role = answer["Role"]
        else:
            require_ours(target, f"role {name}", as_dict(role.get("Tags", [])))
            _limit(target, role)
            if role["AssumeRolePolicyDocument"] != document:
                iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(document))
        if _inline_policy(target, name) != policy:
            iam.put_role_policy(RoleName=name, PolicyName=POLICY_NAME, PolicyDocument=json.dumps(policy))
    return str(role["Arn"])


def describe_role(target: Target, name: str) -> dict[str, Any] | None:
    """Return IAM's description of the role with its tags, or None."""
    with tolerate(GONE):
        role: dict[str, Any] = target.client("iam").get_role(RoleName=name)["Role"]
        return role
    return None


def delete_role(target: Target, name: str) -> None:
    """Delete the role with its policies. It, or some of them, may be gone already."""
    iam = target.client("iam")
    with target.tape.plumbing(), tolerate(GONE):
        for page in iam.get_paginator("list_role_policies").paginate(RoleName=name):
            for policy_name in page["PolicyNames"]:
                with tolerate(GONE):
                    iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
        for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
            for policy in page["AttachedPolicies"]:
                with tolerate(GONE):
                    iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        iam.delete_role(RoleName=name)


def _limit(target: Target, role: dict[str, Any]) -> None:
    """Set the role's permissions boundary, if one is wanted and it isn't there."""
    boundary = target.permissions_boundary
    if boundary and role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn") != boundary:
        target.client("iam").put_role_permissions_boundary(
            RoleName=role["RoleName"], PermissionsBoundary=boundary
        )


def _inline_policy(target: Target, name: str) -> dict[str, Any] | None:
    with tolerate(GONE):
        answer = target.client("iam").get_role_policy(RoleName=name, PolicyName=POLICY_NAME)
        document: dict[str, Any] = answer["PolicyDocument"]
        return document
    return None


def trust_document(service: str) -> dict[str, Any]:
    """Return the trust policy of a role that a service may assume."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}
