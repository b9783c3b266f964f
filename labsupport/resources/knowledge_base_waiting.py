"""Wait for what a knowledge base needs: a role that Bedrock knows, a policy that counts, and ACTIVE.

IAM tells the rest of AWS of a new role or policy some seconds later. Until then Bedrock refuses a knowledge
base, and an ingestion job fails. The local cloud's IAM counts at once: nothing is tried twice there.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_KnowledgeBase.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from labsupport.errors import DeployError
from labsupport.target import Target
from labsupport.waiting import error_code, retry_while, wait_until

Answer = TypeVar("Answer")
Job = dict[str, Any]

ACTIVE_WITHIN_SECONDS = 300
POLICY_COUNTS_WITHIN_SECONDS = 60
# What Bedrock answers as long as IAM hasn't told everybody of a new role or its policy.
NOT_YET = ("assume the given role", "not authorized", "permission")


def once_role_is_known(
    target: Target,
    call: Callable[[], Answer],
    *,
    progress: Callable[[str], object] = print,
    within_seconds: float = POLICY_COUNTS_WITHIN_SECONDS,
) -> Answer:
    """Call Bedrock with a role that may be new, again and again while it can't assume the role yet.

    Raises:
        botocore.exceptions.ClientError: AWS's last answer, once the time is over or for any other reason.
    """

    def is_not_known_yet(error: ClientError) -> bool:
        return error_code(error) == "ValidationException" and any(each in str(error) for each in NOT_YET)

    return retry_while(
        is_not_known_yet,
        call,
        timeout_seconds=_patience(target, within_seconds),
        doing="waiting until Bedrock knows the new role",
        progress=progress,
    )


def wait_until_active(
    target: Target,
    kb_id: str,
    *,
    progress: Callable[[str], object] = print,
    within_seconds: float = ACTIVE_WITHIN_SECONDS,
) -> None:
    """Return when a knowledge base is ACTIVE.

    Raises:
        DeployError: it has failed, or is not active in time.
        botocore.exceptions.ClientError: there is no such knowledge base.
    """
    client, seen = target.client("bedrock-agent"), list[str]()

    def is_active() -> bool:
        found = client.get_knowledge_base(knowledgeBaseId=kb_id)["knowledgeBase"]
        status = str(found["status"])
        if status in ("FAILED", "DELETE_UNSUCCESSFUL"):
            raise DeployError(
                doing=f"waiting until the knowledge base {found['name']} is ACTIVE",
                cause=" ".join(found.get("failureReasons", [])) or f"its status is {status}.",
                next_step="Look at the role's policy, delete the knowledge base, and run the cell again.",
            )
        if status != "ACTIVE" and [status] != seen[-1:]:
            seen.append(status)
            progress(f"The knowledge base {found['name']} is {status}. Waiting until it is ACTIVE.")
        return status == "ACTIVE"

    with target.tape.plumbing():
        wait_until(
            is_active,
            doing=f"waiting until the knowledge base {kb_id} is ACTIVE",
            timeout_seconds=within_seconds,
            next_step="Run the cell again: it goes on waiting.",
            progress=progress,
        )


def once_policy_counts(
    target: Target,
    run: Callable[[], Job],
    *,
    progress: Callable[[str], object] = print,
    within_seconds: float = POLICY_COUNTS_WITHIN_SECONDS,
) -> Job:
    """Run an ingestion job whose role has got a new policy, again while it fails for want of a permission.

    Args:
        target: where.
        run: starts a job, waits until it has ended, and returns Bedrock's description of it.
        progress: is called with a sentence before another job.
        within_seconds: how long on AWS. A job isn't cut short by it.

    Returns the last job, whatever became of it.
    """
    deadline = time.monotonic() + _patience(target, within_seconds)
    while True:
        began = time.monotonic()
        job = run()
        if not _lacks_permission(job) or time.monotonic() >= deadline:
            return job
        progress("The job was refused something. IAM may not have told AWS of the policy yet: once more.")
        # A refused job ends within a second or two; no need to start more than one in five.
        time.sleep(max(0.0, min(began + 5, deadline) - time.monotonic()))


def _lacks_permission(job: Mapping[str, Any]) -> bool:
    return any(each in reason for reason in job.get("failureReasons", []) for each in NOT_YET)


def _patience(target: Target, seconds: float) -> float:
    return 0 if target.name == "local" else seconds
