"""A knowledge base's data source: documents in a bucket, how they are cut, and the jobs that read them.

https://docs.aws.amazon.com/bedrock/latest/userguide/s3-data-source-connector.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labsupport.errors import DeployError
from labsupport.resources.knowledge_base_waiting import once_policy_counts
from labsupport.target import Target
from labsupport.waiting import tolerate, wait_until

GONE = "ResourceNotFoundException"
# About half a study note: measured, see docs/decisions/0015-vectors-where-the-learner-sees-them.md.
MAX_TOKENS, OVERLAP_PERCENTAGE = 150, 20
INGESTED_WITHIN_SECONDS = 900


def deploy_data_source(
    target: Target,
    kb_id: str,
    name: str,
    *,
    bucket: str,
    prefix: str,
    max_tokens: int,
    overlap_percentage: int,
) -> str:
    """Create a data source and return its id. One that is different is deleted first, with its vectors.

    How documents are cut can't be changed.
    """
    client = target.client("bedrock-agent")
    s3 = {"bucketArn": f"arn:aws:s3:::{bucket}"} | ({"inclusionPrefixes": [prefix]} if prefix else {})
    fixed = {"maxTokens": max_tokens, "overlapPercentage": overlap_percentage}
    wanted: dict[str, Any] = {
        "dataSourceConfiguration": {"type": "S3", "s3Configuration": s3},
        "vectorIngestionConfiguration": {
            "chunkingConfiguration": {
                "chunkingStrategy": "FIXED_SIZE",
                "fixedSizeChunkingConfiguration": fixed,
            }
        },
        "dataDeletionPolicy": "DELETE",
    }
    found = next((each for each in data_sources(target, kb_id) if each["name"] == name), None)
    if found is not None:
        ds_id = str(found["dataSourceId"])
        there = client.get_data_source(knowledgeBaseId=kb_id, dataSourceId=ds_id)["dataSource"]
        if _is_like(there, wanted):
            return ds_id
        delete_data_source(target, f"{kb_id}/{ds_id}")
    answer = client.create_data_source(knowledgeBaseId=kb_id, name=name, **wanted)
    return str(answer["dataSource"]["dataSourceId"])


def data_sources(target: Target, kb_id: str) -> list[dict[str, Any]]:
    """Return Bedrock's summaries of a knowledge base's data sources; none if it is gone."""
    with tolerate(GONE):
        pages = target.client("bedrock-agent").get_paginator("list_data_sources")
        return [
            each for page in pages.paginate(knowledgeBaseId=kb_id) for each in page["dataSourceSummaries"]
        ]
    return []


def delete_data_source(target: Target, name: str) -> None:
    """Delete a data source and its vectors, and return when it is gone. `name` ends with "kb-id/ds-id"."""
    kb_id, _, ds_id = name.rpartition(":")[2].partition("/")
    with target.tape.plumbing():
        with tolerate(GONE):
            client = target.client("bedrock-agent")
            client.delete_data_source(knowledgeBaseId=kb_id, dataSourceId=ds_id)
        wait_until(
            lambda: all(each["dataSourceId"] != ds_id for each in data_sources(target, kb_id)),
            doing=f"waiting until the data source {ds_id} is gone",
            timeout_seconds=INGESTED_WITHIN_SECONDS,
            next_step="Run the teardown again: it goes on waiting.",
        )


def synchronise(
    target: Target, kb_id: str, ds_id: str, *, progress: Callable[[str], object] = print
) -> dict[str, int]:
    """Run an ingestion job: what is new or changed is read, what is gone is forgotten.

    The role may be new, so on AWS a job that is refused something is run again for a minute. Returns the
    job's statistics, by AWS's names.

    Raises:
        DeployError: the job failed, or is not done in time.
    """
    client, said = target.client("bedrock-agent"), list[str]()
    ids = {"knowledgeBaseId": kb_id, "dataSourceId": ds_id}

    def run() -> dict[str, Any]:
        started = client.start_ingestion_job(**ids)["ingestionJob"]

        def ended() -> dict[str, Any] | None:
            answer = client.get_ingestion_job(**ids, ingestionJobId=started["ingestionJobId"])
            job: dict[str, Any] = answer["ingestionJob"]
            sentence = _sentence(job)
            if [sentence] != said[-1:]:
                said.append(sentence)
                progress(sentence)
            return job if job["status"] in ("COMPLETE", "FAILED", "STOPPED") else None

        return wait_until(
            ended,
            doing="waiting until the documents are ingested",
            timeout_seconds=INGESTED_WITHIN_SECONDS,
            next_step="Run the cell again: a job that is under way goes on.",
        )

    with target.tape.plumbing():
        job = once_policy_counts(target, run, progress=progress)
    failed = job["statistics"].get("numberOfDocumentsFailed", 0)
    if job["status"] != "COMPLETE" or failed:
        raise DeployError(
            doing="ingesting the documents of a knowledge base",
            cause=" ".join(job.get("failureReasons", [])) or f"the job is {job['status']}, {failed} failed.",
            next_step="If an action is named, look at the service role's policy; otherwise at the document.",
        )
    statistics: dict[str, int] = job["statistics"]
    return statistics


def _sentence(job: Mapping[str, Any]) -> str:
    counts = job.get("statistics", {})
    parts = {
        "scanned": "numberOfDocumentsScanned",
        "new": "numberOfNewDocumentsIndexed",
        "changed": "numberOfModifiedDocumentsIndexed",
        "deleted": "numberOfDocumentsDeleted",
        "failed": "numberOfDocumentsFailed",
    }
    told = ", ".join(f"{counts.get(name, 0)} {word}" for word, name in parts.items())
    return f"Ingestion {job['status'].lower().replace('_', ' ')}: {told}."


def _is_like(there: Any, wanted: Any) -> bool:
    """Tell whether all that is wanted is there; AWS adds its defaults."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(_is_like(there.get(key), wanted[key]) for key in wanted)
    return bool(there == wanted)
