"""Run an ingestion job and wait for it, whatever becomes of it (notebook 10_rag_and_agents).

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_GetIngestionJob.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.resources.knowledge_base_waiting import once_policy_counts
from labsupport.target import Target
from labsupport.views.table import Table
from labsupport.waiting import wait_until

WITHIN_SECONDS = 900
ENDED = ("COMPLETE", "FAILED", "STOPPED")


def wait_for_job(target: Target, started: Mapping[str, Any]) -> dict[str, Any]:
    """Return Bedrock's description of a job that has ended.

    Args:
        target: where.
        started: the `ingestionJob` that StartIngestionJob answered.

    Raises:
        DeployError: it hasn't ended within a quarter of an hour.
    """
    ids = {name: started[name] for name in ("knowledgeBaseId", "dataSourceId", "ingestionJobId")}

    def ended() -> dict[str, Any] | None:
        job: dict[str, Any] = target.client("bedrock-agent").get_ingestion_job(**ids)["ingestionJob"]
        return job if job["status"] in ENDED else None

    with target.tape.plumbing():
        return wait_until(
            ended,
            doing="waiting until the ingestion job has ended",
            timeout_seconds=WITHIN_SECONDS,
            next_step="Run the cell again: it goes on waiting.",
        )


def job_with_new_policy(target: Target, ids: Mapping[str, str]) -> dict[str, Any]:
    """Start a job whose role has just got a policy, and return Bedrock's description when it has ended.

    On AWS a policy counts some seconds later: a job that is refused something is run again for a minute.

    Args:
        target: where.
        ids: knowledgeBaseId and dataSourceId.

    Raises:
        DeployError: a job hasn't ended within a quarter of an hour.
    """

    def run() -> dict[str, Any]:
        client = target.client("bedrock-agent")
        return wait_for_job(target, client.start_ingestion_job(**ids)["ingestionJob"])

    return once_policy_counts(target, run)


def job_table(job: Mapping[str, Any]) -> Table:
    """Show how a job ended, what it counted, and why it failed if it did."""
    rows: list[tuple[str, object]] = [("status", job["status"])]
    rows += [(name, count) for name, count in job.get("statistics", {}).items() if count]
    reasons = job.get("failureReasons", [])
    rows += [("failureReasons", reason) for reason in reasons[:1]]
    more = f"{len(reasons) - 1} more reasons like the first one." if len(reasons) > 1 else ""
    return Table(["Ingestion job", ""], rows, caption=more)
