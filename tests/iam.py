"""Ask a policy document, as the local cloud's IAM does, without a cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

ACCOUNT, REGION, OWNER = "111122223333", "eu-west-1", "ana"
VALUES: dict[str, str | list[str]] = {
    "account": ACCOUNT,
    "region": REGION,
    "owner": OWNER,
    "model_arns": [
        f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/eu.amazon.nova-micro-v1:0",
        f"arn:aws:bedrock:{REGION}::foundation-model/amazon.nova-micro-v1:0",
        "arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-micro-v1:0",
    ],
}
"""What the placeholders of a policy's file stand for."""


def allows(
    document: Mapping[str, Any],
    action: str,
    resource: str,
    *,
    region: str | None = REGION,
    context: Mapping[str, str] | None = None,
) -> bool:
    """Tell whether a policy alone allows an action on a resource."""
    asked = EvalContext(
        principal_arn=f"arn:aws:iam::{ACCOUNT}:user/{OWNER}",
        principal_type="User",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=region,
        service_context={key.lower(): value for key, value in (context or {}).items()},
    )
    return bool(evaluate(asked, [parse_policy_document(dict(document))]).decision == "Allow")


def statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a policy's statements, each with lists of actions and resources."""
    return [
        {
            **each,
            "Action": _list(each.get("Action", [])),
            "Resource": _list(each.get("Resource", [])),
            "Condition": each.get("Condition", {}),
        }
        for each in document["Statement"]
    ]


def context_of(statement: Mapping[str, Any]) -> dict[str, str]:
    """Return a request's context that meets a statement's conditions."""
    return {key: _list(value)[0] for block in statement["Condition"].values() for key, value in block.items()}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
