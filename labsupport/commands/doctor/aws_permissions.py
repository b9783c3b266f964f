"""Ask IAM, before anything is built, whether the caller may do what the course does.

What is asked is the learner's ready policies, statement by statement: their actions, on a name of the
learner's, in a request that meets their conditions. IAM answers by simulation: nothing is done.

Known cost: a simulation knows nothing of an organization's service control policies beyond what AWS says of
them, and nothing of policies on resources. So what is allowed here may still be refused.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from labsupport.commands.doctor.finding import Finding, failed, passed, warned
from labsupport.course_usage import course_usage
from labsupport.policies import LEARNER, policy
from labsupport.settings import Settings
from labsupport.target import Target

A_NAME = "doctor"
"""What stands in the place of a policy's `*`: no such thing needs to exist."""
SHOWN = 5
ASK = "Ask whoever runs the account for the policies that `./lab policies` prints."
BOUNDARY = "iam:PermissionsBoundary"


def checks(target: Target) -> list[Callable[[Settings], Finding]]:
    """Return the checks of what the caller may do in an account."""
    permissions = Permissions(target)
    return [permissions.boundary, permissions.allowed]


class Permissions:
    """What the caller may do. Its methods are checks."""

    def __init__(self, target: Target) -> None:
        """Take a connection to the account."""
        self._target = target
        self._iam = target.client("iam")

    def boundary(self, settings: Settings) -> Finding:
        """Check that whoever stands behind a permissions boundary says so to the lab."""
        limit = self._principal().get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        if limit == settings.permissions_boundary:
            return passed(f"permissions boundary: {limit or 'none'}")
        if limit is None:
            return passed(
                f"you have no permissions boundary; the lab's roles get {settings.permissions_boundary}"
            )
        return warned(
            f"you stand behind the permissions boundary {limit}, and the lab's roles don't",
            f"If you may only make roles behind it: export LAB_PERMISSIONS_BOUNDARY={limit}",
        )

    def allowed(self, settings: Settings) -> Finding:
        """Simulate every action of the course."""
        if self._caller.endswith(":root"):
            return warned(
                "these are the root user's credentials: they may do everything",
                "Make a user or a role for the lab (`./lab policies`), and lock the root user's keys away.",
            )
        principal = self._principal().get("Arn")
        if principal is None:
            return warned(
                f"IAM can't simulate what {self._caller} may do", "Go on: a notebook names what it lacks."
            )
        try:
            answers = list(self._simulated(principal, settings))
        except ClientError as error:
            return warned(
                f"IAM doesn't say what you may do: {error.response['Error']['Message']}",
                f"Go on: a notebook names what it lacks. Or: {ASK[0].lower()}{ASK[1:]}",
            )
        denied = sorted({action for action, decision in answers if decision != "allowed"})
        if not denied:
            return passed(f"IAM allows all {len(answers)} actions of the course that it was asked for")
        return failed(f"IAM denies {_listed(denied)}, of {len(answers)} that it was asked for", ASK)

    @property
    def _caller(self) -> str:
        return str(self._target.client("sts").get_caller_identity()["Arn"])

    def _principal(self) -> dict[str, Any]:
        """Return the user or the role that the caller is, as IAM describes it; {} if it doesn't."""
        kind, _, name = self._caller.split(":")[5].partition("/")
        try:
            if kind == "user":
                return dict(self._iam.get_user(UserName=name.rpartition("/")[2])["User"])
            if kind == "assumed-role":  # its ARN lacks the role's path
                return dict(self._iam.get_role(RoleName=name.partition("/")[0])["Role"])
        except ClientError:  # one may do without this permission
            return {"Arn": self._caller} if kind == "user" else {}
        return {}

    def _simulated(self, principal: str, settings: Settings) -> Iterator[tuple[str, str]]:
        """Yield each action with IAM's decision."""
        where = {"account": self._target.account, "region": self._target.region, "owner": self._target.owner}
        for statement in (each for name in LEARNER for each in policy(name, **where)["Statement"]):
            context = _context(statement, settings.permissions_boundary)
            for resource in self._examples(_as_list(statement["Resource"])):
                pages = self._iam.get_paginator("simulate_principal_policy").paginate(
                    PolicySourceArn=principal,
                    ActionNames=_as_list(statement["Action"]),
                    ResourceArns=[resource],
                    ContextEntries=context,
                )
                for page in pages:
                    for result in page["EvaluationResults"]:
                        yield result["EvalActionName"], result["EvalDecision"]

    def _examples(self, patterns: list[str]) -> Iterator[str]:
        """Yield names that a policy's resources stand for: models that the course uses, or one made up."""
        models = {model for used in course_usage().values() for model in used.models}
        profiles = {model for model in models if model.count(".") > 1}  # geography.provider.model
        for pattern in patterns:
            kind = pattern.rpartition(":")[2]
            if kind in ("foundation-model/*", "inference-profile/*"):
                place = pattern.removesuffix("*").replace("*", self._target.region)
                for model in sorted(models - profiles if kind.startswith("foundation") else profiles):
                    yield place + model
            else:
                yield pattern if pattern == "*" else pattern.replace("*", A_NAME)


def _context(statement: Mapping[str, Any], boundary: str | None) -> list[dict[str, Any]]:
    """Return a request's context that meets a statement's conditions, as a simulation takes it.

    The boundary is the one that the lab would really ask for.
    """
    entries = []
    for conditions in statement.get("Condition", {}).values():
        for key, wanted in conditions.items():
            value = boundary if key == BOUNDARY else _as_list(wanted)[0].replace("*", A_NAME)
            if value is not None:
                entries.append(
                    {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
                )
    return entries


def _listed(actions: list[str]) -> str:
    """Name the first few, each with the notebooks that need it."""
    named = []
    for action in actions[:SHOWN]:
        notebooks = [number for number, used in course_usage().items() if action in used.actions]
        named.append(f"{action} (notebook {', '.join(notebooks)})" if notebooks else action)
    more = f" and {len(actions) - SHOWN} more" if len(actions) > SHOWN else ""
    return ", ".join(named) + more


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
