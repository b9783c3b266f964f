"""A role that IAM hasn't told everybody of, and a knowledge base that isn't ACTIVE yet, as on AWS."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport.errors import DeployError
from labsupport.ingestion_job import job_with_new_policy
from labsupport.resources.knowledge_base_waiting import (
    once_policy_counts,
    once_role_is_known,
    wait_until_active,
)
from labsupport.target import Target

DENIED = "arn:aws:sts::111122223333:assumed-role/kb is not authorized to perform: s3:GetObject on resource"
IDS = {"knowledgeBaseId": "KB", "dataSourceId": "DS"}


def refusal(message: str, code: str = "ValidationException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "CreateKnowledgeBase")


UNKNOWN_ROLE = refusal("Bedrock Knowledge Base was unable to assume the given role.")


class Bedrock:
    """Answers one status after the other, and one end of a job after the other."""

    def __init__(self, statuses: list[str], jobs: list[dict[str, Any]] | None = None) -> None:
        self.statuses, self.jobs, self.started = iter(statuses), jobs or [], 0

    def get_knowledge_base(self, **_: str) -> dict[str, Any]:
        found = {"name": "notes", "status": next(self.statuses), "failureReasons": ["No index."]}
        return {"knowledgeBase": found}

    def start_ingestion_job(self, **ids: str) -> dict[str, Any]:
        self.started += 1
        return {"ingestionJob": ids | {"ingestionJobId": str(self.started)}}

    def get_ingestion_job(self, *, ingestionJobId: str, **_: str) -> dict[str, Any]:
        return {"ingestionJob": self.jobs[int(ingestionJobId) - 1]}


def target(name: str, bedrock: object = None) -> Target:
    class Session(boto3.Session):
        def client(self, *_: Any, **__: Any) -> Any:
            return bedrock

    return Target(name, "111122223333", "us-east-1", "anna", None, Session(region_name="us-east-1"))


def failing(*errors: ClientError) -> tuple[list[int], Any]:
    """Return a list of the calls, and a call that fails with these errors before it succeeds."""
    calls, left = list[int](), iter(errors)

    def call() -> str:
        calls.append(len(calls))
        for error in left:
            raise error
        return "created"

    return calls, call


def test_on_aws_a_role_that_is_not_known_yet_is_tried_again() -> None:
    calls, call = failing(UNKNOWN_ROLE, UNKNOWN_ROLE)
    assert once_role_is_known(target("aws"), call) == "created"
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ("local", UNKNOWN_ROLE),
        ("aws", refusal("The index has 256 dimensions.")),
        ("aws", refusal("not authorized", "AccessDeniedException")),
    ],
)
def test_what_does_not_pass_is_told_at_once(where: str, error: ClientError) -> None:
    calls, call = failing(error)
    with pytest.raises(ClientError) as caught:
        once_role_is_known(target(where), call, progress=pytest.fail)
    assert caught.value is error
    assert len(calls) == 1


def test_a_role_that_is_never_known_is_awss_own_error() -> None:
    _, call = failing(*[UNKNOWN_ROLE] * 50)
    with pytest.raises(ClientError, match="assume the given role"):
        once_role_is_known(target("aws"), call, progress=lambda _: None, within_seconds=0.2)


def test_it_waits_until_a_knowledge_base_is_active_and_says_each_status_once() -> None:
    said = list[str]()
    bedrock = Bedrock(["CREATING", "CREATING", "UPDATING", "ACTIVE"])
    wait_until_active(target("aws", bedrock), "KB", progress=said.append)
    assert said == [
        "The knowledge base notes is CREATING. Waiting until it is ACTIVE.",
        "The knowledge base notes is UPDATING. Waiting until it is ACTIVE.",
    ]


def test_nothing_is_said_of_one_that_is_active() -> None:
    wait_until_active(target("local", Bedrock(["ACTIVE"])), "KB", progress=pytest.fail)


def test_a_knowledge_base_that_failed_says_why() -> None:
    with pytest.raises(DeployError) as caught:
        wait_until_active(target("aws", Bedrock(["FAILED"])), "KB")
    assert caught.value.cause == "No index."


def test_the_wait_has_a_deadline() -> None:
    with pytest.raises(DeployError, match="ACTIVE"):
        wait_until_active(
            target("aws", Bedrock(["CREATING"] * 99)), "KB", progress=lambda _: None, within_seconds=0.1
        )


@pytest.fixture
def refused_then_complete() -> Bedrock:
    return Bedrock([], [{"status": "FAILED", "failureReasons": [DENIED]}, {"status": "COMPLETE"}])


def test_on_the_local_cloud_a_refused_job_is_the_answer(refused_then_complete: Bedrock) -> None:
    job = job_with_new_policy(target("local", refused_then_complete), IDS)
    assert job["status"] == "FAILED"
    assert refused_then_complete.started == 1


def _jobs(*ends: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from ends


def test_on_aws_a_refused_job_is_run_again_until_the_policy_counts() -> None:
    said, jobs = list[str](), _jobs({"status": "FAILED", "failureReasons": [DENIED]}, {"status": "COMPLETE"})
    job = once_policy_counts(target("aws"), lambda: next(jobs), progress=said.append, within_seconds=0.1)
    assert job["status"] == "COMPLETE"
    assert len(said) == 1


def test_a_job_that_failed_for_another_reason_is_the_answer() -> None:
    jobs = _jobs({"status": "FAILED", "failureReasons": ["The file is empty."]})
    assert once_policy_counts(target("aws"), lambda: next(jobs), progress=pytest.fail)["status"] == "FAILED"


def test_a_job_that_is_refused_for_ever_is_the_answer_in_the_end() -> None:
    ended = {"status": "FAILED", "failureReasons": [DENIED]}
    told = once_policy_counts(target("aws"), lambda: ended, progress=lambda _: None, within_seconds=0.05)
    assert told is ended
