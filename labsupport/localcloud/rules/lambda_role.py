"""Whoever gives a role to a function must be allowed to pass it, and Lambda must be allowed to assume it.

CreateFunction and UpdateFunctionConfiguration ask IAM whether the caller may `iam:PassRole` that role to
lambda.amazonaws.com. Without it, somebody who may only create functions could take any role's permissions.
Then the role's trust policy is asked whether lambda.amazonaws.com may assume it. On AWS IAM needs some
seconds to tell everybody of a new role, and until then the answer is no.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labsupport.localcloud.rules.refusal import Refusal, invalid_parameter

PRINCIPAL = "lambda.amazonaws.com"
CONTEXT = {"iam:PassedToService": PRINCIPAL}


def assume_problem(
    role: Mapping[str, Any], allows: Callable[[Any, str], bool], *, is_known: bool
) -> Refusal | None:
    """Return Lambda's refusal of an execution role, or None.

    Args:
        role: IAM's record.
        allows: asks a trust policy for a principal.
        is_known: whether IAM has told everybody of the role by now.
    """
    if is_known and allows(role["AssumeRolePolicyDocument"], PRINCIPAL):
        return None
    return invalid_parameter("The role defined for the function cannot be assumed by Lambda.")
