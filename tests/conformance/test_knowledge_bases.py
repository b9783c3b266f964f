"""Knowledge Bases for Amazon Bedrock: ingestion with the service role, retrieval, answers with citations.

https://docs.aws.amazon.com/bedrock/latest/userguide/knowledge-base.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.resources.role import deploy_role
from labsupport.resources.vector_index import deploy_vector_index
from tests.notes import NOTES, Question, questions

pytestmark = pytest.mark.functional

MODEL = "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0"
WRITER = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0"
VECTORS = ("PutVectors", "GetVectors", "DeleteVectors", "QueryVectors")


def allow(*statements: tuple[str, str]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": arn} for action, arn in statements],
    }


def store(index_arn: str) -> dict[str, Any]:
    return {"type": "S3_VECTORS", "s3VectorsConfiguration": {"indexArn": index_arn}}


class Stage:
    """A bucket, a role, a knowledge base over both, and its data source."""

    def __init__(self, lab: Lab, thing: str, *, ingestion: dict[str, Any] | None = None) -> None:
        self.lab, self.thing = lab, thing
        self.bucket = lab.deploy_bucket(thing)
        self.s3 = lab.client("s3")
        self.agent = lab.client("bedrock-agent")
        self.runtime = lab.client("bedrock-agent-runtime")
        self.index = deploy_vector_index(lab.target, lab.name(thing), dimensions=1024)
        self.role_arn = self.give()
        self.id = self.agent.create_knowledge_base(
            name=lab.name(thing),
            roleArn=self.role_arn,
            knowledgeBaseConfiguration={
                "type": "VECTOR",
                "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": MODEL},
            },
            storageConfiguration=store(self.index.arn),
        )["knowledgeBase"]["knowledgeBaseId"]
        self.source = self.agent.create_data_source(
            knowledgeBaseId=self.id,
            name="notes",
            dataSourceConfiguration={
                "type": "S3",
                "s3Configuration": {
                    "bucketArn": f"arn:aws:s3:::{self.bucket}",
                    "inclusionPrefixes": ["notes/"],
                },
            },
            **({"vectorIngestionConfiguration": ingestion} if ingestion else {}),
        )["dataSource"]["dataSourceId"]

    def give(self, *actions: str) -> str:
        """Give the role these actions; all that it needs by default."""
        bucket = f"arn:aws:s3:::{self.bucket}"
        needed = {
            "s3:ListBucket": bucket,
            "s3:GetObject": f"{bucket}/notes/*",
            "bedrock:InvokeModel": MODEL,
            **{f"s3vectors:{action}": self.index.arn for action in VECTORS},
        }
        policy = allow(*((action, needed[action]) for action in actions or needed))
        name = self.lab.name(f"{self.thing}-kb")
        return deploy_role(self.lab.target, name, policy=policy, trust="bedrock.amazonaws.com")

    def put(self, key: str, text: str, **metadata: Any) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=f"notes/{key}", Body=text.encode())
        if metadata:
            body = json.dumps({"metadataAttributes": metadata}).encode()
            self.s3.put_object(Bucket=self.bucket, Key=f"notes/{key}.metadata.json", Body=body)

    def sync(self) -> dict[str, Any]:
        """Run an ingestion job to its end."""
        ids = {"knowledgeBaseId": self.id, "dataSourceId": self.source}
        started = self.agent.start_ingestion_job(**ids)["ingestionJob"]

        def ended() -> dict[str, Any] | None:
            job = self.agent.get_ingestion_job(**ids, ingestionJobId=started["ingestionJobId"])
            found: dict[str, Any] = job["ingestionJob"]
            return found if found["status"] in ("COMPLETE", "FAILED") else None

        return self.lab.wait_until(ended, doing="ingesting", timeout_seconds=30)

    def retrieve(self, text: str, **search: Any) -> list[dict[str, Any]]:
        answer = self.runtime.retrieve(
            knowledgeBaseId=self.id,
            retrievalQuery={"text": text},
            retrievalConfiguration={"vectorSearchConfiguration": search},
        )
        results: list[dict[str, Any]] = answer["retrievalResults"]
        return results

    def generate(self, text: str, runtime: Any = None, model: str = WRITER) -> dict[str, Any]:
        answer: dict[str, Any] = (runtime or self.runtime).retrieve_and_generate(
            input={"text": text},
            retrieveAndGenerateConfiguration={
                "type": "KNOWLEDGE_BASE",
                "knowledgeBaseConfiguration": {"knowledgeBaseId": self.id, "modelArn": model},
            },
        )
        return answer


def uri_of(result: dict[str, Any]) -> str:
    return str(result["location"]["s3Location"]["uri"])


@pytest.fixture
def stage(lab: Lab) -> Iterator[Stage]:
    stage = Stage(lab, "kb")
    yield stage
    stage.agent.delete_knowledge_base(knowledgeBaseId=stage.id)


@pytest.fixture
def notes(stage: Stage) -> Stage:
    for path in sorted(NOTES.glob("*/*.md")):
        language = path.parent.name
        stage.put(f"{language}/{path.name}", path.read_text(encoding="utf-8"), language=language)
    assert stage.sync()["status"] == "COMPLETE"
    return stage


def found_in_first_three(stage: Stage, question: Question) -> bool:
    return any(uri_of(r).endswith(question.note) for r in stage.retrieve(question.text, numberOfResults=3))


def test_questions_find_their_note_and_answers_cite_it(notes: Stage) -> None:
    """The notes' own chunks, AWS's default size. Then what else Retrieve promises, on the same notes."""
    assert sum(found_in_first_three(notes, question) for question in questions()) >= 16
    results = notes.retrieve("What is a cold start?", numberOfResults=4)
    scores = [result["score"] for result in results]
    assert len(results) == 4 and scores == sorted(scores, reverse=True)
    assert uri_of(results[0]).endswith("en/cold-starts.md")
    assert results[0]["metadata"]["language"] == "en"
    assert len(notes.retrieve("What is a cold start?")) == 5

    vietnamese = {"equals": {"key": "language", "value": "vi"}}
    filtered = notes.retrieve("What is a cold start?", filter=vietnamese)
    assert uri_of(filtered[0]).endswith("vi/cold-starts.md")
    assert {result["metadata"]["language"] for result in filtered} == {"vi"}

    answer = notes.generate("How does a dead-letter queue help with a message that never succeeds?")
    text = answer["output"]["text"]
    for citation in answer["citations"]:
        part = citation["generatedResponsePart"]["textResponsePart"]
        assert text[part["span"]["start"] : part["span"]["end"] + 1] == part["text"]
        [reference] = citation["retrievedReferences"]
        assert all(sentence in reference["content"]["text"] for sentence in part["text"].split(". ")[:1])
    assert uri_of(answer["citations"][0]["retrievedReferences"][0]).endswith("en/queues-and-workers.md")
    assert "dead-letter queue" in text

    unknown = notes.generate("Which paint goes with oak furniture from the eighteenth century?")
    assert unknown["citations"] == []
    assert unknown["output"]["text"] == "Sorry, I am unable to assist you with this request."


def test_a_sync_notices_what_is_new_changed_and_deleted(stage: Stage) -> None:
    stage.put("queue.txt", "A queue keeps messages until a worker takes them.")
    stage.put("photo.txt", "A thumbnail is a small picture.")
    first = stage.sync()["statistics"]
    assert (first["numberOfDocumentsScanned"], first["numberOfNewDocumentsIndexed"]) == (2, 2)
    unchanged = stage.sync()["statistics"]
    assert unchanged["numberOfNewDocumentsIndexed"] == unchanged["numberOfModifiedDocumentsIndexed"] == 0

    stage.put("photo.txt", "A bucket holds objects.")
    stage.s3.delete_object(Bucket=stage.bucket, Key="notes/queue.txt")
    assert stage.retrieve("a queue of messages")[0]["content"]["text"].startswith("A queue")
    second = stage.sync()["statistics"]
    assert (second["numberOfModifiedDocumentsIndexed"], second["numberOfDocumentsDeleted"]) == (1, 1)
    [left] = stage.retrieve("a queue of messages")
    assert left["content"]["text"] == "A bucket holds objects."
    jobs = stage.agent.list_ingestion_jobs(knowledgeBaseId=stage.id, dataSourceId=stage.source)
    assert len(jobs["ingestionJobSummaries"]) == 3

    stage.put("photo.txt", "A bucket holds objects.", Topic="storage")
    assert stage.sync()["statistics"]["numberOfModifiedDocumentsIndexed"] == 1
    assert stage.retrieve("bucket")[0]["metadata"]["Topic"] == "storage"


NEEDED = ("s3:ListBucket", "s3:GetObject", "bedrock:InvokeModel", *(f"s3vectors:{a}" for a in VECTORS))


@pytest.mark.parametrize("missing", NEEDED[:4])
def test_a_job_fails_with_the_action_that_the_service_role_lacks(stage: Stage, missing: str) -> None:
    stage.put("queue.txt", "A queue keeps messages.")
    stage.give(*(set(NEEDED) - {missing}))
    job = stage.sync()
    assert job["status"] == "FAILED"
    assert f"is not authorized to perform: {missing} on resource" in job["failureReasons"][0]
    stage.give()
    assert stage.retrieve("queue") == []
    assert stage.sync()["status"] == "COMPLETE"


def test_what_was_indexed_stays_as_long_as_the_role_may_not_delete_it(stage: Stage) -> None:
    stage.put("queue.txt", "A queue keeps messages.")
    stage.sync()
    stage.give(*(set(NEEDED) - {"s3vectors:DeleteVectors"}))
    stage.s3.delete_object(Bucket=stage.bucket, Key="notes/queue.txt")
    job = stage.sync()
    assert job["status"] == "FAILED" and "s3vectors:DeleteVectors" in job["failureReasons"][0]
    assert len(stage.retrieve("queue")) == 1


@pytest.mark.parametrize("missing", ["bedrock:InvokeModel", "s3vectors:QueryVectors", "s3vectors:GetVectors"])
def test_a_question_is_embedded_and_looked_for_with_the_service_role(stage: Stage, missing: str) -> None:
    stage.give(*(set(NEEDED) - {missing}))
    with pytest.raises(ClientError, match=missing) as refused:
        stage.retrieve("queue")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_the_vectors_that_are_listed_are_those_that_are_found(stage: Stage) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-bedrock-kb.html"""
    stage.put("queue.txt", "A queue keeps messages.", topic="sqs")
    stage.sync()
    vectors, arn = stage.lab.client("s3vectors"), stage.index.arn
    [vector] = vectors.list_vectors(indexArn=arn, returnMetadata=True, returnData=True)["vectors"]
    assert vector["metadata"]["AMAZON_BEDROCK_TEXT"] == "A queue keeps messages."
    assert len(vector["data"]["float32"]) == 1024
    [found] = stage.retrieve("messages in a queue")
    assert found["metadata"]["x-amz-bedrock-kb-chunk-id"] == vector["key"]
    assert found["metadata"]["topic"] == vector["metadata"]["topic"] == "sqs"
    vectors.delete_vectors(indexArn=arn, keys=[vector["key"]])
    assert stage.retrieve("messages in a queue") == []


def create(stage: Stage, **changes: Any) -> Any:
    """Create a knowledge base like the stage's."""
    found = stage.agent.get_knowledge_base(knowledgeBaseId=stage.id)["knowledgeBase"]
    names = ("roleArn", "knowledgeBaseConfiguration", "storageConfiguration")
    wanted = {name: found[name] for name in names} | {"name": stage.lab.name("other")} | changes
    return stage.agent.create_knowledge_base(**wanted)["knowledgeBase"]["knowledgeBaseId"]


def test_bedrock_must_be_allowed_to_assume_the_role(stage: Stage) -> None:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/kb-permissions.html"""
    name = stage.lab.name("other")
    for_lambda = deploy_role(stage.lab.target, name, policy=allow(("s3:*", "*")))
    with pytest.raises(ClientError, match="unable to assume the given role"):
        create(stage, roleArn=for_lambda)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "bedrock.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": stage.lab.account},
                    "ArnLike": {
                        "aws:SourceArn": f"arn:aws:bedrock:us-east-1:{stage.lab.account}:knowledge-base/*"
                    },
                },
            }
        ],
    }
    iam = stage.lab.client("iam")
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    stage.agent.delete_knowledge_base(knowledgeBaseId=create(stage, roleArn=for_lambda))
    trust["Statement"][0]["Condition"] = {"StringEquals": {"aws:SourceAccount": "111122223333"}}  # type: ignore[index]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    with pytest.raises(ClientError, match="unable to assume the given role"):
        create(stage, roleArn=for_lambda)


def test_the_store_must_be_there_and_have_the_models_dimensions(stage: Stage) -> None:
    with pytest.raises(ClientError, match="could not be found"):
        create(stage, storageConfiguration=store(f"{stage.index.arn}x"))
    small = deploy_vector_index(stage.lab.target, stage.lab.name("small"), dimensions=256)
    with pytest.raises(ClientError, match="256 dimensions, the embedding model gives 1024"):
        create(stage, storageConfiguration=store(small.arn))
    other = {"type": "PINECONE", "pineconeConfiguration": {}}
    other["pineconeConfiguration"] = {
        "connectionString": "https://x.example",
        "credentialsSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:x",
        "fieldMapping": {"textField": "t", "metadataField": "m"},
    }
    with pytest.raises(ClientError, match="PINECONE is AWS only"):
        create(stage, storageConfiguration=other)


def test_with_s3_vectors_only_semantic_search_is_there(stage: Stage) -> None:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_KnowledgeBaseVectorSearchConfiguration.html"""
    assert stage.retrieve("queue", overrideSearchType="SEMANTIC") == []
    with pytest.raises(ClientError, match="HYBRID search type is not supported"):
        stage.retrieve("queue", overrideSearchType="HYBRID")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-mikro-v1:0", "identifier is invalid"),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-2-lite-v1:0", "inference profile"),
        (MODEL, "writes no text"),
    ],
)
def test_the_model_that_answers_must_be_one_that_can(stage: Stage, model: str, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        stage.generate("queue", model=model)


def somebody(lab: Lab, *statements: tuple[str, str]) -> Any:
    """Return the runtime's client of a user with this policy only."""
    iam, name = lab.client("iam"), lab.name("reader")
    iam.create_user(UserName=name)
    document = json.dumps(allow(*statements))
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=lab.region)
    return session.client("bedrock-agent-runtime", endpoint_url=lab.client("iam").meta.endpoint_url)


@pytest.mark.parametrize(
    "missing", ["bedrock:Retrieve", "bedrock:RetrieveAndGenerate", "bedrock:InvokeModel"]
)
def test_a_caller_needs_all_three_permissions(stage: Stage, missing: str) -> None:
    stage.put("queue.txt", "A queue keeps messages until a worker takes them.")
    stage.sync()
    kb_arn = stage.agent.get_knowledge_base(knowledgeBaseId=stage.id)["knowledgeBase"]["knowledgeBaseArn"]
    needed = {
        "bedrock:Retrieve": kb_arn,
        "bedrock:RetrieveAndGenerate": "*",
        "bedrock:InvokeModel": WRITER,
    }
    client = somebody(stage.lab, *((a, arn) for a, arn in needed.items() if a != missing))
    name = stage.lab.name("reader")
    try:
        with pytest.raises(ClientError, match=missing) as refused:
            stage.generate("queue", client)
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
        policy = json.dumps(allow(*needed.items()))
        iam = stage.lab.client("iam")
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy)
        assert stage.generate("queue", client)["output"]["text"].startswith("A queue")
    finally:
        iam = stage.lab.client("iam")
        for each in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=each["AccessKeyId"])
        iam.delete_user_policy(UserName=name, PolicyName="own")
        iam.delete_user(UserName=name)


def test_chunks_are_as_long_as_the_data_source_says(lab: Lab) -> None:
    fixed = {"maxTokens": 30, "overlapPercentage": 20}
    ingestion = {
        "chunkingConfiguration": {"chunkingStrategy": "FIXED_SIZE", "fixedSizeChunkingConfiguration": fixed}
    }
    stage = Stage(lab, "fixed", ingestion=ingestion)
    stage.put("cold.md", (NOTES / "en" / "cold-starts.md").read_text(encoding="utf-8"))
    stage.sync()
    assert len(stage.retrieve("cold start", numberOfResults=100)) > 8
    stage.agent.delete_knowledge_base(knowledgeBaseId=stage.id)
    whole = Stage(lab, "whole", ingestion={"chunkingConfiguration": {"chunkingStrategy": "NONE"}})
    whole.put("cold.md", "One. Two. Three.")
    whole.sync()
    assert [each["content"]["text"] for each in whole.retrieve("one")] == ["One. Two. Three."]
    whole.agent.delete_knowledge_base(knowledgeBaseId=whole.id)


def test_a_strategy_that_is_not_there_is_refused_with_a_reason(stage: Stage) -> None:
    semantic = {"maxTokens": 100, "bufferSize": 0, "breakpointPercentileThreshold": 95}
    with pytest.raises(ClientError, match="SEMANTIC is AWS only"):
        stage.agent.create_data_source(
            knowledgeBaseId=stage.id,
            name="semantic",
            dataSourceConfiguration={"type": "S3", "s3Configuration": {"bucketArn": "arn:aws:s3:::b-b-b"}},
            vectorIngestionConfiguration={
                "chunkingConfiguration": {
                    "chunkingStrategy": "SEMANTIC",
                    "semanticChunkingConfiguration": semantic,
                }
            },
        )


def test_the_stream_is_refused_and_no_canned_text_is_streamed(stage: Stage) -> None:
    with pytest.raises(ClientError, match="its stream is AWS only"):
        stage.runtime.retrieve_and_generate_stream(input={"text": "queue"})


def test_a_knowledge_base_that_is_not_there(stage: Stage) -> None:
    for ask in (stage.retrieve, stage.generate):
        known, stage.id = stage.id, "ABCDEFGHIJ"
        with pytest.raises(ClientError) as refused:
            ask("queue")
        stage.id = known
        assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_managed_knowledge_base_retrieves_and_does_not_generate(stage: Stage) -> None:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrieveAndGenerate.html"""
    managed = stage.agent.create_knowledge_base(
        name=stage.lab.name("managed"),
        roleArn=stage.role_arn,
        knowledgeBaseConfiguration={"type": "MANAGED", "managedKnowledgeBaseConfiguration": {}},
    )["knowledgeBase"]["knowledgeBaseId"]
    known, stage.id = stage.id, managed
    assert stage.retrieve("queue") == []
    with pytest.raises(ClientError, match="cannot be used with managed knowledge bases"):
        stage.generate("queue")
    stage.id = known
    stage.agent.delete_knowledge_base(knowledgeBaseId=managed)


def test_what_comes_again_with_the_same_token_is_done_once(stage: Stage) -> None:
    ids = {"knowledgeBaseId": stage.id, "dataSourceId": stage.source}
    token, other = "first".ljust(40, "1"), "other".ljust(40, "2")
    jobs = [
        stage.agent.start_ingestion_job(**ids, clientToken=each)["ingestionJob"]["ingestionJobId"]
        for each in (token, token, other)
    ]
    assert jobs[0] == jobs[1] != jobs[2]
    listed = stage.agent.list_ingestion_jobs(**ids)["ingestionJobSummaries"]
    assert [each["ingestionJobId"] for each in listed].count(jobs[0]) == 1
