"""The checks of 10_rag_and_agents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from labsupport.learning.checks import Cloud, Point
from labsupport.learning.checks.statements import decision
from labsupport.waiting import tolerate

THING = "notes"
POLICY = {"PolicyName": "least-privilege"}
GET = "s3:GetObject"
ANSWERS = "answers/threshold.json"
CONVERSATIONS = {"forced": "conversations/forced.json", "ordinary": "conversations/ordinary.json"}
GUARD = "conversations/guard.json"
MOST_REQUESTS = 4
OWN, FOREIGN = ("own order", "own list"), ("another's order", "another's list", "a path")
NOT_ASKED = "the model was not asked"
KNOWN_QUESTIONS, QUESTIONS = 4, 8


def role(cloud: Cloud) -> Iterator[Point]:
    """Ask IAM what the service role may read, and Bedrock how its last job ended."""
    bucket = f"arn:aws:s3:::{cloud.name(THING)}"
    where = (
        "An object's ARN is the bucket's, a slash and the key. The notes' keys begin alike, and only theirs."
    )
    for note in ("en/layers.md", "vi/retrieval.md"):
        yield _decides(cloud, GET, f"{bucket}/notes/{note}", f"read {note}", allowed=True, look=where)
    yield _decides(cloud, GET, f"{bucket}/{ANSWERS}", "read what isn't a note", allowed=False, look=where)
    yield _decides(
        cloud, GET, "arn:aws:s3:::another-bucket/notes/a.md", "read another bucket", allowed=False, look=where
    )
    yield _decides(
        cloud,
        "s3:DeleteObject",
        f"{bucket}/notes/en/layers.md",
        "delete a note",
        allowed=False,
        look=f"The denial names one action: {GET}.",
    )
    job = _latest_job(cloud)
    yield Point(
        "the newest ingestion job has read the notes",
        ok=job.get("status") == "COMPLETE" and not job["statistics"].get("numberOfDocumentsFailed"),
        wrong=f"Its status is {job.get('status', 'unknown: there was no job')}.",
        look="The exercise's cell starts a job again. Its failureReasons name what is missing.",
    )


def threshold(cloud: Cloud) -> Iterator[Point]:
    """Read what was answered: the first four questions are known to the notes, the others foreign to them."""
    answers = _kept(cloud, ANSWERS)
    questions = list(answers)
    known, foreign = questions[:KNOWN_QUESTIONS], questions[KNOWN_QUESTIONS:]
    yield Point(
        "all eight questions were asked",
        ok=len(questions) == QUESTIONS,
        wrong=f"{len(questions)} were.",
        look="The cell before the exercise makes `scores`. Run it first.",
    )
    let_through = [each for each in foreign if answers[each] != NOT_ASKED]
    stopped = [each for each in known if answers[each] == NOT_ASKED]
    yield Point(
        "what the notes know is let through",
        ok=bool(known) and not stopped,
        wrong=f"Stopped: {', '.join(stopped) or 'unknown'}.",
        look="The threshold is above the score of a question that the notes know.",
    )
    yield Point(
        "what is foreign to them is stopped by the threshold",
        ok=bool(foreign) and not let_through,
        wrong=f"Let through: {', '.join(let_through) or 'unknown'}.",
        look="The threshold is below the score of a question that has nothing to do with the notes.",
    )


def loop(cloud: Cloud) -> Iterator[Point]:
    """Count the requests of both conversations."""
    kept = {name: _kept(cloud, key) for name, key in CONVERSATIONS.items()}
    requests = {name: sum(each["role"] == "assistant" for each in said) for name, said in kept.items()}
    yield Point(
        "the conversation that never ends was ended",
        ok=0 < requests["forced"] <= MOST_REQUESTS,
        wrong=f"It took {requests['forced']} requests.",
        look="`go_on` has to return False after the fourth.",
    )
    yield Point(
        "and not before its time",
        ok=requests["forced"] >= MOST_REQUESTS,
        wrong=f"It was cut off after {requests['forced']}.",
        look="Four requests are allowed. After the third one more may follow.",
    )
    last = kept["ordinary"][-1]["content"] if kept["ordinary"] else []
    yield Point(
        "the ordinary one came to its answer",
        ok=any("text" in block for block in last),
        wrong="Its last message is a wish for a tool.",
        look="It needs two requests: one that gets the wish, one that gets the answer.",
    )


def guard(cloud: Cloud) -> Iterator[Point]:
    """Read what the handler told the model for each wish."""
    told = _kept(cloud, GUARD)
    for name in OWN:
        found, worked = told.get(name, [{}, False])
        yield Point(
            f"{name}: shown",
            ok=bool(worked) and '"lan"' in json.dumps(found),
            wrong=f"The model was told: {json.dumps(found)}",
            look="Lan may see what belongs to Lan. Does `allowed` look at the orders that were found?",
        )
    for name in FOREIGN:
        found, worked = told.get(name, [{}, True])
        yield Point(
            f"{name}: refused",
            ok=not worked and "amir" not in json.dumps(found),
            wrong=f"The model was told: {json.dumps(found)}",
            look="Compare the customer of what was FOUND with signed_in, not what the model says.",
        )


def assistant(cloud: Cloud) -> Iterator[Point]:
    """Ask for all of it."""
    yield from role(cloud)
    yield from threshold(cloud)
    yield from loop(cloud)
    yield from guard(cloud)


def without_reading(cloud: Cloud) -> None:
    """Take s3:GetObject out of the service role's policy."""
    iam, named = cloud.client("iam"), {"RoleName": cloud.name(THING), **POLICY}
    document = iam.get_role_policy(**named)["PolicyDocument"]
    kept = [each for each in document["Statement"] if each["Action"] not in (GET, [GET])]
    iam.put_role_policy(**named, PolicyDocument=json.dumps({**document, "Statement": kept}))


def without_answers(cloud: Cloud) -> None:
    """Delete what was answered."""
    _forget(cloud, ANSWERS)


def without_conversations(cloud: Cloud) -> None:
    """Delete the conversations of the exercise."""
    _forget(cloud, *CONVERSATIONS.values())


def without_guard(cloud: Cloud) -> None:
    """Delete what the handler told."""
    _forget(cloud, GUARD)


def _forget(cloud: Cloud, *keys: str) -> None:
    for key in keys:
        cloud.client("s3").delete_object(Bucket=cloud.name(THING), Key=key)


def _decides(cloud: Cloud, action: str, resource: str, doing: str, *, allowed: bool, look: str) -> Point:
    decided = decision(cloud, THING, action, resource)
    return Point(
        f"the service role {'may' if allowed else 'may not'} {doing}",
        ok=(decided == "allowed") == allowed,
        wrong=f"IAM decides for {action}: {decided}.",
        look=look,
    )


def _latest_job(cloud: Cloud) -> dict[str, Any]:
    """Return Bedrock's summary of the newest ingestion job, or an empty one."""
    agents, jobs = cloud.client("bedrock-agent"), list[dict[str, Any]]()
    pages = agents.get_paginator("list_knowledge_bases").paginate()
    for page in pages:
        for each in page["knowledgeBaseSummaries"]:
            if each["name"] == cloud.name(THING):
                jobs += _jobs(agents, each["knowledgeBaseId"])
    return max(jobs, key=lambda job: job["startedAt"], default={})


def _jobs(agents: Any, kb_id: str) -> list[dict[str, Any]]:
    found = []
    for source in agents.list_data_sources(knowledgeBaseId=kb_id)["dataSourceSummaries"]:
        ids = {"knowledgeBaseId": kb_id, "dataSourceId": source["dataSourceId"]}
        newest = {"attribute": "STARTED_AT", "order": "DESCENDING"}
        found += agents.list_ingestion_jobs(**ids, sortBy=newest)["ingestionJobSummaries"]
    return found


def _kept(cloud: Cloud, key: str) -> Any:
    """Return what a cell has kept under a key, or an empty dict."""
    with tolerate("NoSuchKey"):
        return json.loads(cloud.client("s3").get_object(Bucket=cloud.name(THING), Key=key)["Body"].read())
    return {}


CHECKS = {
    "role": role,
    "threshold": threshold,
    "loop": loop,
    "guard": guard,
    "assistant": assistant,
}
RESETS = {
    "role": without_reading,
    "threshold": without_answers,
    "loop": without_conversations,
    "guard": without_guard,
}
