"""EventBridge Scheduler invokes a target with a role of the schedule's own, not by the target's policy.

Who makes a schedule must be allowed to pass the role; Scheduler must be allowed to assume it, when the
schedule is made and each time it is due; and the role's policies must allow the target's action.

What the local cloud would never deliver, or at another time, is refused: kinds of target that it doesn't
know, time zones, and expressions that are none.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labsupport.localcloud.rules.refusal import Refusal

PRINCIPAL = "scheduler.amazonaws.com"
PASSED_TO = {"iam:PassedToService": PRINCIPAL}
ACTIONS = {
    "events": "events:PutEvents",
    "lambda": "lambda:InvokeFunction",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
    "states": "states:StartExecution",
}


def action(target_arn: str) -> str | None:
    """Return what Scheduler does with a target, or None if the local cloud can't deliver to it."""
    return ACTIONS.get(target_arn.split(":")[2]) if target_arn.count(":") >= 5 else None


def trust_context(account: str, region: str, group: str) -> dict[str, str]:
    """Return what a role's trust policy can ask for. The source is the group, not the schedule."""
    return {
        "aws:sourceaccount": account,
        "aws:sourcearn": f"arn:aws:scheduler:{region}:{account}:schedule-group/{group}",
    }


def not_assumed() -> Refusal:
    """Return AWS's refusal of a role that Scheduler can't assume."""
    return Refusal(
        "ValidationException",
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    )


def problem(parameters: Mapping[str, Any], is_expression: Callable[[str], bool]) -> Refusal | None:
    """Return the refusal of a schedule that the local cloud can't keep, or None.

    Args:
        parameters: of CreateSchedule or UpdateSchedule.
        is_expression: tells whether a text is an at(), rate() or cron() expression.
    """
    expression = str(parameters.get("ScheduleExpression", ""))
    if not is_expression(expression):
        return Refusal("ValidationException", f"Invalid Schedule Expression {expression}.")
    if parameters.get("ScheduleExpressionTimezone", "UTC") != "UTC":
        return Refusal("ValidationException", "The local cloud's schedules are in UTC only.")
    target = str((parameters.get("Target") or {}).get("Arn", ""))
    if action(target) is None:
        known = ", ".join(ACTIONS)
        return Refusal("ValidationException", f"The local cloud has schedules for targets of {known} only.")
    return None
