"""Knowledge Bases for Amazon Bedrock: documents in a bucket, vectors in S3 Vectors, and a role for both.

https://docs.aws.amazon.com/bedrock/latest/userguide/knowledge-base-create.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labsupport.errors import DeployError
from labsupport.lost_answers import survives_lost_answers
from labsupport.resources.data_source import (
    MAX_TOKENS,
    OVERLAP_PERCENTAGE,
    deploy_data_source,
    synchronise,
)
from labsupport.resources.knowledge_base_waiting import (
    ACTIVE_WITHIN_SECONDS,
    once_role_is_known,
    wait_until_active,
)
from labsupport.resources.ownership import require_ours
from labsupport.resources.vector_index import deploy_vector_index
from labsupport.target import Target
from labsupport.waiting import tolerate, wait_until

GONE = "ResourceNotFoundException"
TITAN = "amazon.titan-embed-text-v2:0"
DIMENSIONS = 1024


@dataclass(frozen=True)
class KnowledgeBaseDescription:
    """Name a knowledge base in the ways that others ask for.

    Attributes:
        id, name, arn: of the knowledge base.
        data_source_id: of the documents in the bucket.
        index_arn: of the vector index.
        statistics: what the last sync did, by AWS's names ("numberOfNewDocumentsIndexed").
    """

    id: str
    name: str
    arn: str
    data_source_id: str
    index_arn: str
    statistics: Mapping[str, int]


@survives_lost_answers
def deploy_knowledge_base(
    target: Target,
    name: str,
    *,
    bucket: str,
    prefix: str,
    role_arn: str,
    embedding_model: str = TITAN,
    dimensions: int = DIMENSIONS,
    max_tokens: int = MAX_TOKENS,
    overlap_percentage: int = OVERLAP_PERCENTAGE,
    progress: Callable[[str], object] = print,
) -> KnowledgeBaseDescription:
    """Create or update a knowledge base, and return when its documents can be found.

    Args:
        target: where.
        name: full name; the vector bucket, its index and the data source have it too.
        bucket: full name of the bucket with the documents.
        prefix: what the documents' keys begin with; "" for all objects.
        role_arn: the service role; `knowledge_base_policy` says what it needs.
        embedding_model: its model id.
        dimensions: how many numbers the model gives for each chunk.
        max_tokens: how long a chunk may be.
        overlap_percentage: how much of a chunk the next one repeats.
        progress: is called with a short sentence for each step that takes time.

    Raises:
        DeployError: somebody else's has this name, what can't be changed is different, or a job failed.
    """
    with target.tape.plumbing():
        index = deploy_vector_index(target, name, dimensions=dimensions)
        configuration = _configuration(_model_arn(target, embedding_model), dimensions)
        found = find_knowledge_base(target, name)
        if found is None:
            progress(f"Creating the knowledge base {name}.")
            found = _create(target, name, role_arn, configuration, index.arn, progress)
        else:
            arn = found["knowledgeBaseArn"]
            require_ours(target, f"knowledge base {name}", knowledge_base_tags(target, arn))
            _require_configuration(found, configuration)
            if found["roleArn"] != role_arn:
                _update_role(target, found, role_arn, progress)
        kb_id = found["knowledgeBaseId"]
        wait_until_active(target, kb_id, progress=progress)
        ds_id = deploy_data_source(
            target,
            kb_id,
            name,
            bucket=bucket,
            prefix=prefix,
            max_tokens=max_tokens,
            overlap_percentage=overlap_percentage,
        )
        statistics = synchronise(target, kb_id, ds_id, progress=progress)
    return KnowledgeBaseDescription(kb_id, name, found["knowledgeBaseArn"], ds_id, index.arn, statistics)


def knowledge_base_policy(
    target: Target, name: str, *, bucket: str, prefix: str, embedding_model: str = TITAN
) -> dict[str, Any]:
    """Return what the service role of a knowledge base of this full name needs, and nothing else.

    https://docs.aws.amazon.com/bedrock/latest/userguide/kb-permissions.html
    """
    bucket_arn = f"arn:aws:s3:::{bucket}"
    index_arn = f"arn:aws:s3vectors:{target.region}:{target.account}:bucket/{name}/index/{name}"
    vectors = ["PutVectors", "GetVectors", "DeleteVectors", "QueryVectors", "GetIndex"]
    allowed = [
        (["s3:ListBucket"], bucket_arn),
        (["s3:GetObject"], f"{bucket_arn}/{prefix}*"),
        (["bedrock:InvokeModel"], _model_arn(target, embedding_model)),
        ([f"s3vectors:{action}" for action in vectors], index_arn),
    ]
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": arn} for actions, arn in allowed],
    }


def find_knowledge_base(target: Target, name: str) -> dict[str, Any] | None:
    """Return Bedrock's description of the knowledge base of this name, or None."""
    client = target.client("bedrock-agent")
    for page in client.get_paginator("list_knowledge_bases").paginate():
        for each in page["knowledgeBaseSummaries"]:
            if each["name"] == name:
                return _describe(target, each["knowledgeBaseId"])
    return None


def delete_knowledge_base(target: Target, kb_id: str) -> None:
    """Delete a knowledge base, and return when it is gone. Its vector store stays."""
    with target.tape.plumbing():
        with tolerate(GONE):
            target.client("bedrock-agent").delete_knowledge_base(knowledgeBaseId=kb_id)
        wait_until(
            lambda: _describe(target, kb_id) is None,
            doing=f"waiting until the knowledge base {kb_id} is gone",
            timeout_seconds=ACTIVE_WITHIN_SECONDS,
            next_step="Run the teardown again: it goes on waiting.",
        )


def knowledge_base_tags(target: Target, arn: str) -> dict[str, str]:
    """Return the tags of a knowledge base; none if it is gone."""
    with tolerate(GONE):
        tags: dict[str, str] = target.client("bedrock-agent").list_tags_for_resource(resourceArn=arn)["tags"]
        return tags
    return {}


def _describe(target: Target, kb_id: str) -> dict[str, Any] | None:
    with tolerate(GONE):
        answer = target.client("bedrock-agent").get_knowledge_base(knowledgeBaseId=kb_id)
        found: dict[str, Any] = answer["knowledgeBase"]
        return found
    return None


def _model_arn(target: Target, model: str) -> str:
    return f"arn:aws:bedrock:{target.region}::foundation-model/{model}"


def _configuration(model_arn: str, dimensions: int) -> dict[str, Any]:
    return {
        "type": "VECTOR",
        "vectorKnowledgeBaseConfiguration": {
            "embeddingModelArn": model_arn,
            "embeddingModelConfiguration": {
                "bedrockEmbeddingModelConfiguration": {
                    "dimensions": dimensions,
                    "embeddingDataType": "FLOAT32",
                }
            },
        },
    }


def _create(
    target: Target,
    name: str,
    role_arn: str,
    configuration: dict[str, Any],
    index_arn: str,
    progress: Callable[[str], object],
) -> dict[str, Any]:
    client = target.client("bedrock-agent")

    def create() -> dict[str, Any]:
        answer: dict[str, Any] = client.create_knowledge_base(
            name=name,
            roleArn=role_arn,
            knowledgeBaseConfiguration=configuration,
            storageConfiguration={
                "type": "S3_VECTORS",
                "s3VectorsConfiguration": {"indexArn": index_arn},
            },
            tags=target.tags(),
        )["knowledgeBase"]
        return answer

    return once_role_is_known(target, create, progress=progress)


def _update_role(
    target: Target, found: Mapping[str, Any], role_arn: str, progress: Callable[[str], object]
) -> None:
    client = target.client("bedrock-agent")
    once_role_is_known(
        target,
        lambda: client.update_knowledge_base(
            knowledgeBaseId=found["knowledgeBaseId"],
            name=found["name"],
            roleArn=role_arn,
            knowledgeBaseConfiguration=found["knowledgeBaseConfiguration"],
            storageConfiguration=found["storageConfiguration"],
        ),
        progress=progress,
    )


def _require_configuration(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    there = found["knowledgeBaseConfiguration"]["vectorKnowledgeBaseConfiguration"]["embeddingModelArn"]
    model_arn = wanted["vectorKnowledgeBaseConfiguration"]["embeddingModelArn"]
    if there != model_arn:
        raise DeployError(
            doing=f"deploying the knowledge base {found['name']}",
            cause=f"it exists with the embedding model {there}, and {model_arn} is wanted. Vectors of two "
            "models can't be compared, so a knowledge base keeps its model.",
            next_step="Delete the knowledge base, or choose another name.",
        )
