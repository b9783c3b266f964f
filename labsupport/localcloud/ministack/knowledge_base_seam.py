"""Where Knowledge Bases read S3, ask IAM, and find passages.

MiniStack keeps knowledge bases, data sources and ingestion jobs. What a job reads, and what a question finds,
is ours: with the knowledge base's service role, and for a caller who may.

https://docs.aws.amazon.com/bedrock/latest/userguide/kb-permissions.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from functools import partial
from typing import Any

from labsupport.localcloud.knowledge_bases import chunking
from labsupport.localcloud.knowledge_bases.documents import (
    METADATA_SUFFIX,
    Found,
    Record,
    Statistics,
    Unreadable,
    synchronise,
)
from labsupport.localcloud.knowledge_bases.generation import answer
from labsupport.localcloud.knowledge_bases.retrieval import DEFAULT_RESULTS, Passage, as_bytes, nearest
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.models import tokenizer
from labsupport.localcloud.models.embeddings import embed
from labsupport.localcloud.rules import iam_denial

Answer = Any


class _Refused(Exception):
    """A request is answered with an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


class KnowledgeBaseSeam:
    """The data plane of Knowledge Bases, behind MiniStack's control plane."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        import ministack.app
        from ministack.core import iam_evaluator, responses
        from ministack.services import bedrock_agent, bedrock_agent_runtime, s3

        self._app: Any = ministack.app
        self._iam: Any = iam_evaluator
        self._responses: Any = responses
        self._agent: Any = bedrock_agent
        self._runtime: Any = bedrock_agent_runtime
        self._s3: Any = s3

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        replace(self._agent, "_create_ds", self._creating_data_source)
        replace(self._agent, "_delete_kb", self._deleting)
        replace(self._agent, "_run_s3_ingestion", lambda _original: self._ingest)
        replace(self._runtime, "handle_request", self._answering)

    # --- Data sources and ingestion jobs ------------------------------------------------------------------

    def _creating_data_source(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def create(kb_id: str, body: bytes) -> Answer:
            message = chunking.problem(json.loads(body or b"{}").get("vectorIngestionConfiguration"))
            return self._runtime._validation(message) if message else original(kb_id, body)

        return create

    def _deleting(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def delete(kb_id: str) -> Answer:
            answered = original(kb_id)
            for store in (self._agent._kb_document_texts, self._agent._data_sources):
                for key in [key for key in store if key.startswith(f"{kb_id}/")]:
                    del store[key]
            return answered

        return delete

    def _ingest(
        self, kb_id: str, ds_id: str, data_source: Mapping[str, Any]
    ) -> tuple[dict[str, int], list[str]]:
        """Read the bucket in the place of MiniStack. A job that may not do it fails as a whole."""
        knowledge_base = self._agent._knowledge_bases[kb_id]
        config = data_source["DataSourceConfiguration"]
        if config.get("type") != "S3":
            return Statistics().counts, [f"The lab's local cloud reads S3 only, not {config.get('type')}."]
        bucket_arn = config["s3Configuration"]["bucketArn"]
        bucket = self._s3._buckets.get(bucket_arn.rpartition(":")[2])
        role_arn = knowledge_base["RoleArn"]
        model_arn = _model_arn(knowledge_base, self._responses.get_region())
        for action, arn in (("s3:ListBucket", bucket_arn), ("bedrock:InvokeModel", model_arn)):
            if denial := self._denial(role_arn, action, arn):
                return Statistics().counts, [denial]
        if bucket is None:
            return Statistics().counts, ["The specified bucket does not exist"]
        prefixes = config["s3Configuration"].get("inclusionPrefixes") or [""]
        found = dict(self._documents(bucket_arn, bucket, prefixes, role_arn))
        kept = _Below(self._agent._kb_document_texts, f"{kb_id}/{ds_id}/")
        ingestion = data_source.get("VectorIngestionConfiguration")

        def index(text: str) -> list[Record]:
            texts = chunking.chunks(text, ingestion, tokenizer.count)
            vectors = embed(texts, dimensions=_dimensions(knowledge_base)) if texts else []
            return [
                {"Text": chunk, "Vector": as_bytes(vector)}
                for chunk, vector in zip(texts, vectors, strict=True)
            ]

        statistics = synchronise(found, kept, index)
        statistics.counts["NumberOfMetadataDocumentsScanned"] = sum(
            f"{key}{METADATA_SUFFIX}" in bucket["objects"] for key in found
        )
        failed, scanned = (statistics.counts[f"NumberOfDocuments{end}"] for end in ("Failed", "Scanned"))
        if failed and failed == scanned:  # MiniStack calls a job failed that has scanned nothing
            return Statistics().counts, statistics.failures
        return statistics.counts, statistics.failures

    def _documents(
        self, bucket_arn: str, bucket: Mapping[str, Any], prefixes: list[str], role_arn: str
    ) -> Iterator[tuple[str, Found]]:
        objects, name = bucket["objects"], bucket_arn.rpartition(":")[2]
        for key in sorted(objects):
            if key.endswith(("/", METADATA_SUFFIX)) or not key.startswith(tuple(prefixes)):
                continue
            side = objects.get(f"{key}{METADATA_SUFFIX}", {})
            etag = f"{objects[key]['etag']} {side.get('etag', '')}"
            yield key, Found(f"s3://{name}/{key}", etag, self._reader(bucket_arn, key, role_arn))

    def _reader(self, bucket_arn: str, key: str, role_arn: str) -> Callable[[], tuple[str, dict[str, Any]]]:
        def read() -> tuple[str, dict[str, Any]]:
            name = bucket_arn.rpartition(":")[2]
            if denial := self._denial(role_arn, "s3:GetObject", f"{bucket_arn}/{key}"):
                raise Unreadable(denial)
            try:
                text = self._s3._get_object_data(name, key).decode("utf-8")
            except UnicodeDecodeError:
                raise Unreadable(f"s3://{name}/{key} is not text in UTF-8.") from None
            side = f"{key}{METADATA_SUFFIX}"
            has_side = side in self._s3._buckets[name]["objects"]
            raw = self._s3._get_object_data(name, side) if has_side else b""
            return text, self._agent._metadata_attributes(raw)

        return read

    def _denial(self, role_arn: str, action: str, resource_arn: str) -> str | None:
        """Return IAM's sentence if the service role may not, or None."""
        account, role = self._responses.get_account_id(), role_arn.rpartition("/")[2]
        principal = f"arn:aws:sts::{account}:assumed-role/{role}/BedrockKnowledgeBase"
        context = self._iam.EvalContext(
            principal_arn=principal,
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=resource_arn,
            region=self._responses.get_region(),
        )
        result = self._iam.evaluate(context, self._iam._gather_role_policies(role, account))
        if result.decision == "Allow":
            return None
        return iam_denial.message(principal, action, resource_arn, is_explicit=result.decision == "Deny")

    # --- Questions ----------------------------------------------------------------------------------------

    def _answering(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        async def handle(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Answer:
            respond: Callable[[Any], dict[str, Any]]
            match [part for part in path.split("/") if part]:
                case ["knowledgebases", kb_id, "retrieve"]:
                    respond = partial(self._retrieve, kb_id)
                case ["retrieveAndGenerate"]:
                    respond = partial(self._generate, headers, query_params)
                case ["retrieveAndGenerateStream"]:  # MiniStack would answer with a canned text
                    message = "The lab's local cloud has RetrieveAndGenerate; its stream is AWS only."
                    return self._runtime._validation(message)
                case _:
                    return await original(method, path, headers, body, query_params)
            try:
                return (
                    200,
                    {"Content-Type": "application/json"},
                    json.dumps(respond(json.loads(body))).encode(),
                )
            except _Refused as refused:
                return refused.answer

        return handle

    def _retrieve(self, kb_id: str, request: Mapping[str, Any]) -> dict[str, Any]:
        passages = self._passages(
            kb_id, request["retrievalQuery"].get("text", ""), request.get("retrievalConfiguration")
        )
        return {"retrievalResults": [each.reference() | {"score": each.score} for each in passages]}

    def _generate(self, headers: Any, query_params: Any, request: Mapping[str, Any]) -> dict[str, Any]:
        config = request.get("retrieveAndGenerateConfiguration", {}).get("knowledgeBaseConfiguration")
        if config is None:
            raise _Refused(self._runtime._validation("The lab's local cloud generates from knowledge bases."))
        kb_id, region = config["knowledgeBaseId"], self._responses.get_region()
        kb_arn = f"arn:aws:bedrock:{region}:{self._responses.get_account_id()}:knowledge-base/{kb_id}"
        for action, arn in (
            ("bedrock:Retrieve", kb_arn),
            ("bedrock:InvokeModel", _arn_of_model(config["modelArn"], region)),
        ):
            denied = self._app._enforce_data_plane(
                "bedrock-agent-runtime",
                action,
                headers,
                query_params,
                "",
                resource_arn=arn,
                named_resource=arn,
            )
            if denied:
                raise _Refused(denied)
        knowledge_base = self._knowledge_base(kb_id)
        if knowledge_base["KnowledgeBaseConfiguration"].get("type") == "MANAGED":
            message = "RetrieveAndGenerate cannot be used with managed knowledge bases."
            raise _Refused(self._runtime._validation(message))
        question = request["input"]["text"]
        passages = self._passages(kb_id, question, config.get("retrievalConfiguration"))
        text, citations = answer(question, passages, embed)
        session = request.get("sessionId") or str(uuid.uuid4())
        return {"output": {"text": text}, "citations": citations, "sessionId": session}

    def _passages(self, kb_id: str, question: str, configuration: Any) -> list[Passage]:
        knowledge_base = self._knowledge_base(kb_id)
        search: Mapping[str, Any] = next(iter((configuration or {}).values()), {})
        if not question:
            raise _Refused(self._runtime._validation("retrievalQuery.text must not be empty."))
        [vector] = embed([question], dimensions=_dimensions(knowledge_base))
        documents = _Below(self._agent._kb_document_texts, f"{kb_id}/").values()
        number = search.get("numberOfResults", DEFAULT_RESULTS)
        wanted = search.get("filter")
        return nearest(
            vector, documents, number, lambda metadata: self._runtime._filter_matches(wanted, dict(metadata))
        )

    def _knowledge_base(self, kb_id: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] | None = self._agent._knowledge_bases.get(kb_id)
        if found is None:
            message = f"Knowledge Base with id {kb_id} does not exist"
            raise _Refused(self._runtime._not_found(message))
        return found


class _Below(MutableMapping[str, Record]):
    """What a store of MiniStack's holds below a prefix."""

    def __init__(self, store: MutableMapping[str, Record], prefix: str) -> None:
        self._store, self._prefix = store, prefix

    def __getitem__(self, key: str) -> Record:
        return self._store[self._prefix + key]

    def __setitem__(self, key: str, record: Record) -> None:
        self._store[self._prefix + key] = record

    def __delitem__(self, key: str) -> None:
        del self._store[self._prefix + key]

    def __iter__(self) -> Iterator[str]:
        below = [key for key in self._store if key.startswith(self._prefix)]
        return (key.removeprefix(self._prefix) for key in below)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _embedding(knowledge_base: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration of the embedding model, wherever the kind of knowledge base keeps it."""
    configuration = knowledge_base["KnowledgeBaseConfiguration"]
    return next((value for name, value in configuration.items() if name != "type"), {})


def _model_arn(knowledge_base: Mapping[str, Any], region: str) -> str:
    named = _embedding(knowledge_base).get("embeddingModelArn", "amazon.titan-embed-text-v2:0")
    return _arn_of_model(named, region)


def _arn_of_model(model: str, region: str) -> str:
    return model if model.startswith("arn:") else f"arn:aws:bedrock:{region}::foundation-model/{model}"


def _dimensions(knowledge_base: Mapping[str, Any]) -> int:
    model = _embedding(knowledge_base).get("embeddingModelConfiguration", {})
    return int(model.get("bedrockEmbeddingModelConfiguration", {}).get("dimensions", 1024))
