"""What a service may do with the role that it was given: whether it may assume it, and what that allows.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-service.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from labsupport.localcloud.rules import iam_denial


class ServiceRoles:
    """IAM's roles, as services use them."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import iam_evaluator, responses
        from ministack.services import iam

        self._evaluator: Any = iam_evaluator
        self._responses: Any = responses
        self._iam: Any = iam

    def role(self, role_arn: str) -> Mapping[str, Any] | None:
        """Return IAM's record of a role, or None."""
        found: Mapping[str, Any] | None = self._iam._roles.get(role_arn.rpartition("/")[2])
        return found

    @staticmethod
    def age_seconds(role: Mapping[str, Any]) -> float:
        """Return how long ago a role was made."""
        return time.time() - datetime.fromisoformat(role["CreateDate"].replace("Z", "+00:00")).timestamp()

    def trusts(self, document: Any, principal: str, context: Mapping[str, Any] | None = None) -> bool:
        """Ask a trust policy whether a service may assume the role.

        Args:
            document: the trust policy.
            principal: the service, such as "lambda.amazonaws.com".
            context: {condition key in lower case: value} of the request.
        """
        policy = json.loads(document) if isinstance(document, str) else document
        statements = policy.get("Statement", [])
        statements = [statements] if isinstance(statements, dict) else statements
        asked = self._evaluator.EvalContext(
            principal_arn=principal,
            principal_type="Service",
            principal_account="",
            action="sts:AssumeRole",
            resource_arn="*",
            region=self._responses.get_region(),
            service_context=dict(context or {}),
        )
        # A trust policy has no Resource: it is the role's own.
        on_the_role = {"Statement": [{**each, "Resource": "*"} for each in statements]}
        result = self._evaluator.evaluate_resource_policy(on_the_role, asked, service=principal)
        return bool(result.decision == "Allow")

    def denial(self, role_arn: str, session: str, action: str, resource_arn: str) -> str | None:
        """Return IAM's sentence if a service's session of the role may not, or None."""
        result = self._result(role_arn, session, action, resource_arn)
        if result.decision == "Allow":
            return None
        principal = self._principal(role_arn, session)
        return iam_denial.message(principal, action, resource_arn, is_explicit=result.decision == "Deny")

    def allows(self, role_arn: str, session: str, action: str, resource_arn: str) -> bool:
        """Tell whether a service's session of the role may, by the role's policies or the resource's own."""
        result = self._result(role_arn, session, action, resource_arn)
        found = self._evaluator._resource_policy(action.partition(":")[0], resource_arn)
        if found is not None:
            context = self._context(role_arn, session, action, resource_arn)
            result = self._evaluator.combine_resource_policy(result, context, *found)
        return bool(result.decision == "Allow")

    def _result(self, role_arn: str, session: str, action: str, resource_arn: str) -> Any:
        account, role = self._responses.get_account_id(), role_arn.rpartition("/")[2]
        context = self._context(role_arn, session, action, resource_arn)
        return self._evaluator.evaluate(context, self._evaluator._gather_role_policies(role, account))

    def _context(self, role_arn: str, session: str, action: str, resource_arn: str) -> Any:
        return self._evaluator.EvalContext(
            principal_arn=self._principal(role_arn, session),
            principal_type="AssumedRole",
            principal_account=self._responses.get_account_id(),
            action=action,
            resource_arn=resource_arn,
            region=self._responses.get_region(),
        )

    def _principal(self, role_arn: str, session: str) -> str:
        account, role = self._responses.get_account_id(), role_arn.rpartition("/")[2]
        return f"arn:aws:sts::{account}:assumed-role/{role}/{session}"
