"""A new function is Pending, then Active. While an update is in progress it stays Active, and takes no other.

::

    CreateFunction                State Pending ──> Active
    UpdateFunctionCode            State Active, LastUpdateStatus InProgress ──> Successful
    UpdateFunctionConfiguration   the same

Meanwhile an update, a new version, and an invocation of a Pending function end with
ResourceConflictException, status 409. An update with a RevisionId that is not the latest ends with
PreconditionFailedException, status 412. The end of an update gives the function a new RevisionId.

https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

from typing import Any

from labsupport.localcloud.rules.refusal import Refusal, invalid_parameter

NOT_NOW = "The operation cannot be performed at this time."
STATE = ("StateReason", "StateReasonCode")
UPDATE = ("LastUpdateStatusReason", "LastUpdateStatusReasonCode")
WORK = ("The function is being created.", "Creating")  # AWS says so of updates too

Configuration = dict[str, Any]


def created(configuration: Configuration) -> None:
    """Mark a function or version as new: it is Pending, and was not updated yet."""
    configuration.update({"State": "Pending"} | dict(zip(STATE, WORK, strict=True)))
    for member in ("LastUpdateStatus", *UPDATE):
        configuration.pop(member, None)


def updating(configuration: Configuration) -> None:
    """Mark a function as being updated: it is Active all the time."""
    finish(configuration)
    configuration.update({"LastUpdateStatus": "InProgress"} | dict(zip(UPDATE, WORK, strict=True)))


def finish(configuration: Configuration) -> None:
    """Mark a function as ready."""
    configuration.update(State="Active", LastUpdateStatus="Successful")
    for member in (*STATE, *UPDATE):
        configuration.pop(member, None)


def in_progress(configuration: Configuration) -> bool:
    """Tell whether a creation or an update is not finished."""
    return configuration.get("State") == "Pending" or configuration.get("LastUpdateStatus") == "InProgress"


def pending_problem(configuration: Configuration) -> Refusal | None:
    """Return AWS's refusal of an invocation, or None."""
    if configuration.get("State") == "Pending":
        message = f"{NOT_NOW} The function is currently in the following state: Pending"
        return Refusal("ResourceConflictException", message, 409)
    return None


def update_problem(configuration: Configuration, revision_id: str | None) -> Refusal | None:
    """Return AWS's refusal of an update or a new version, or None.

    Args:
        configuration: the function's, as it is.
        revision_id: the RevisionId that the caller expects, or None.
    """
    if refused := pending_problem(configuration):
        return refused
    if in_progress(configuration):
        message = f"{NOT_NOW} An update is in progress for resource: {configuration['FunctionArn']}"
        return Refusal("ResourceConflictException", message, 409)
    if revision_id not in (None, configuration["RevisionId"]):
        message = (
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias "
            "API to retrieve the latest Revision Id"
        )
        return Refusal("PreconditionFailedException", message, 412)
    return None


def version_problem(configuration: Configuration, code_sha256: str | None) -> Refusal | None:
    """Return AWS's refusal of a new version of other code than the caller expects, or None."""
    current = configuration["CodeSha256"]
    if code_sha256 in (None, current):
        return None
    return invalid_parameter(
        f"CodeSHA256 ({code_sha256}) is different from current CodeSHA256 in $LATEST ({current}). "
        "Please try again with the CodeSHA256 in $LATEST."
    )
