"""SimulatePrincipalPolicy: MiniStack asks the policies; here permissions boundary and context count too.

As on AWS, nothing of the context is known but what the caller says in ContextEntries.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

DECISIONS = {"Allow": "allowed", "Deny": "explicitDeny", "ImplicitDeny": "implicitDeny"}
RESULT = (
    "<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}</EvalResourceName>"
    "<EvalDecision>{decision}</EvalDecision><MatchedStatements></MatchedStatements>"
    "<MissingContextValues></MissingContextValues>{boundary}</member>"
)
BOUNDARY = (
    "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>{}</AllowedByPermissionsBoundary>"
    "</PermissionsBoundaryDecisionDetail>"
)


class IamSimulationSeam:
    """The simulation."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import iam_evaluator, responses
        from ministack.services import iam

        self._evaluator: Any = iam_evaluator
        self._responses: Any = responses
        self._iam: Any = iam

    def attach(self) -> None:
        """Stand in the place of MiniStack's simulation; its handlers are in a table by operation."""
        self._iam._IAM_HANDLERS["SimulatePrincipalPolicy"] = self._simulate

    def _simulate(self, parameters: Mapping[str, Any]) -> Any:
        arn = self._iam._p(parameters, "PolicySourceArn")
        principal = self._policies(arn)
        if principal is None:
            return self._iam._error(404, "NoSuchEntity", f"The principal {arn} does not exist.", ns="iam")
        actions, resource = self._iam._extract_simulate_params(parameters)
        context = dict(self._context(parameters))
        members = "".join(self._result(arn, action, resource, context, *principal) for action in actions)
        result = f"<EvaluationResults>{members}</EvaluationResults><IsTruncated>false</IsTruncated>"
        name = "SimulatePrincipalPolicy"
        return self._iam._xml(200, f"{name}Response", f"<{name}Result>{result}</{name}Result>", ns="iam")

    def _policies(self, arn: str) -> tuple[list[Any], list[Any]] | None:
        """Return the policies of a user or a role, and its permissions boundary as the evaluator takes it."""
        kind, _, path = arn.split(":")[-1].partition("/")
        account, name = self._responses.get_account_id(), path.rpartition("/")[2]
        stores = {
            "user": (self._iam._users, self._evaluator._gather_user_policies),
            "role": (self._iam._roles, self._evaluator._gather_role_policies),
        }
        if kind not in stores or name not in stores[kind][0]:
            return None
        store, gather = stores[kind]
        return gather(name, account), self._evaluator._permissions_boundary(store, name, account)

    def _context(self, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        number = 1
        while key := self._iam._p(parameters, f"ContextEntries.member.{number}.ContextKeyName"):
            value = self._iam._p(parameters, f"ContextEntries.member.{number}.ContextKeyValues.member.1")
            yield key.lower(), value
            number += 1

    def _result(
        self,
        arn: str,
        action: str,
        resource: str,
        context: dict[str, str],
        policies: list[Any],
        limits: list[Any],
    ) -> str:
        asked = self._evaluator.EvalContext(
            principal_arn=arn,
            principal_type="User",
            principal_account=self._responses.get_account_id(),
            action=action,
            resource_arn=resource,
            region=context.get("aws:requestedregion"),  # as on AWS, unknown unless the caller says it
            service_context=context,
        )
        decision = DECISIONS[self._evaluator.evaluate(asked, policies, *limits).decision]
        boundary = ""
        if limits:
            allows = self._evaluator.evaluate(asked, limits[0]).decision == "Allow"
            boundary = BOUNDARY.format(str(allows).lower())
        return RESULT.format(
            action=escape(action), resource=escape(resource), decision=decision, boundary=boundary
        )
