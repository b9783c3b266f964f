"""What stands in policies, for the checks that read them."""

from __future__ import annotations

import json
from typing import Any

from labsupport.learning.checks import Cloud
from labsupport.waiting import tolerate

INVOKE = {"lambda:InvokeFunction", "lambda:*", "*"}


def invoke_statements(cloud: Cloud, thing: str) -> list[dict[str, Any]]:
    """Return the statements of a function's resource-based policy that let somebody invoke it.

    Raises:
        botocore.exceptions.ClientError: there is no such function.
    """
    function, found = cloud.name(thing), {}
    with tolerate("ResourceNotFoundException"):  # there is no policy yet
        found = json.loads(cloud.client("lambda").get_policy(FunctionName=function)["Policy"])
    cloud.client("lambda").get_function_configuration(FunctionName=function)  # is the function there?
    return [each for each in found.get("Statement", []) if INVOKE & set(_as_list(each["Action"]))]


def service_of(statement: dict[str, Any]) -> str:
    """Return the service that a statement is for, or ""."""
    principal = statement["Principal"]
    return str(principal.get("Service", "")) if isinstance(principal, dict) else ""


def principal_of(statement: dict[str, Any]) -> str:
    """Return whom a statement is for, as text."""
    principal = statement["Principal"]
    return (
        ", ".join(map(str, principal.values())) if isinstance(principal, dict) else f"anybody ({principal})"
    )


def condition_of(statement: dict[str, Any], key: str) -> str:
    """Return the value of a condition key, whatever the operator and the spelling; "" without one."""
    for conditions in statement.get("Condition", {}).values():
        for name, value in conditions.items():
            if name.lower() == key:
                return str(value)
    return ""


def decision(cloud: Cloud, thing: str, action: str, resource: str) -> str:
    """Ask IAM what the policies of a function's execution role decide: "allowed" or something else."""
    role = f"arn:aws:iam::{cloud.target.account}:role/{cloud.name(thing)}"
    told = cloud.client("iam").simulate_principal_policy(
        PolicySourceArn=role, ActionNames=[action], ResourceArns=[resource]
    )
    return str(told["EvaluationResults"][0]["EvalDecision"])


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
