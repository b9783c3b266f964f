"""A function's resource-based policy: who may invoke it.

https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from __future__ import annotations

import json
from typing import Any

from labsupport.lost_answers import survives_lost_answers
from labsupport.target import Target
from labsupport.waiting import tolerate


@survives_lost_answers
def allow_invoke(target: Target, function: str, *, service: str, source_arn: str, statement_id: str) -> None:
    """Let a service invoke the function for one source: one statement of the policy.

    Args:
        target: where.
        function: full name of the function.
        service: the service principal, such as "s3.amazonaws.com".
        source_arn: the bucket, API or topic on whose behalf the service invokes.
        statement_id: name of the statement; the same id replaces it.
    """
    wanted: dict[str, str] = {
        "FunctionName": function,
        "StatementId": statement_id,
        "Action": "lambda:InvokeFunction",
        "Principal": service,
        "SourceArn": source_arn,
    }
    if service == "s3.amazonaws.com":
        # A bucket's ARN has no account in it: without this, whoever owns the name later could invoke.
        wanted["SourceAccount"] = target.account
    aws_lambda = target.client("lambda")
    with target.tape.plumbing():
        existing = policy_statements(target, function).get(statement_id)
        if existing is not None and _grants(existing, wanted):
            return
        if existing is not None:
            with tolerate("ResourceNotFoundException"):
                aws_lambda.remove_permission(FunctionName=function, StatementId=statement_id)
        aws_lambda.add_permission(**wanted)


def policy_statements(target: Target, function: str) -> dict[str, dict[str, Any]]:
    """Return the statements of the function's resource-based policy by their id."""
    with tolerate("ResourceNotFoundException"):
        policy = json.loads(target.client("lambda").get_policy(FunctionName=function)["Policy"])
        return {statement["Sid"]: statement for statement in policy["Statement"]}
    return {}


def _grants(statement: dict[str, Any], wanted: dict[str, str]) -> bool:
    condition = statement.get("Condition", {})
    return (
        statement.get("Principal") == {"Service": wanted["Principal"]}
        and condition.get("ArnLike", {}).get("AWS:SourceArn") == wanted["SourceArn"]
        and condition.get("StringEquals", {}).get("AWS:SourceAccount") == wanted.get("SourceAccount")
    )
