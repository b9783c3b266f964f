"""Where a knowledge base is asked: the passages of Retrieve, the answer of RetrieveAndGenerate.

The caller is asked for `bedrock:Retrieve` and, where a model answers, for `bedrock:InvokeModel` on it. The
service role embeds the question and queries the vectors.

https://docs.aws.amazon.com/bedrock/latest/userguide/kb-test.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from labsupport.localcloud.bedrock.errors import BedrockError
from labsupport.localcloud.bedrock.resolution import needs_profile, resolve
from labsupport.localcloud.knowledge_bases import storage
from labsupport.localcloud.knowledge_bases.generation import answer
from labsupport.localcloud.knowledge_bases.retrieval import DEFAULT_RESULTS, Passage, passage
from labsupport.localcloud.ministack.knowledge_base_records import Denied, KnowledgeBaseRecords
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.models.embedding_choice import embed
from labsupport.localcloud.vector_store.search import nearest
from labsupport.localcloud.vector_store.store import Refused

Answer = Any
SERVICE = "bedrock-agent-runtime"
SEMANTIC_ONLY = (
    "HYBRID search type is not supported for search operation on this vector store. Retry your request with "
    "a different search type."
)


class _Refused(Exception):
    """A request is answered with an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


class KnowledgeBaseQuestionsSeam:
    """Questions to knowledge bases, in the place of MiniStack's canned answers."""

    def __init__(self, records: KnowledgeBaseRecords) -> None:
        """Take MiniStack's modules."""
        import ministack.app
        from ministack.services import bedrock_agent_runtime

        self._app: Any = ministack.app
        self._runtime: Any = bedrock_agent_runtime
        self._records = records

    def attach(self) -> None:
        """Stand before MiniStack's own function."""
        replace(self._runtime, "handle_request", self._answering)

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
                found = respond(json.loads(body))
            except _Refused as refused:
                return refused.answer
            except Denied as denied:
                return self._records.agent._error("AccessDeniedException", str(denied), 403)
            except (BedrockError, Refused) as error:
                return self._runtime._validation(getattr(error, "message", str(error)))
            return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()

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
        kb_id, scope = config["knowledgeBaseId"], self._records.scope()
        kb_arn = f"arn:aws:bedrock:{scope.region}:{scope.account}:knowledge-base/{kb_id}"
        self._require(headers, query_params, "bedrock:Retrieve", kb_arn)
        for arn in self._model_arns(config["modelArn"]):
            self._require(headers, query_params, "bedrock:InvokeModel", arn)
        knowledge_base = self._knowledge_base(kb_id)
        if knowledge_base["KnowledgeBaseConfiguration"].get("type") == "MANAGED":
            message = "RetrieveAndGenerate cannot be used with managed knowledge bases."
            raise _Refused(self._runtime._validation(message))
        question = request["input"]["text"]
        passages = self._passages(kb_id, question, config.get("retrievalConfiguration"))
        text, citations = answer(question, passages, embed)
        session = request.get("sessionId") or str(uuid.uuid4())
        return {"output": {"text": text}, "citations": citations, "sessionId": session}

    def _model_arns(self, model: str) -> list[str]:
        """Return what the caller must be allowed to invoke.

        Raises:
            BedrockError: there is no such model, or it answers no questions.
        """
        scope = self._records.scope()
        found = resolve(model, region=scope.region, account=scope.account)
        if refused := needs_profile(found):
            raise refused
        if not found.card.is_chat:
            message = f"{found.card.id} can't be used with RetrieveAndGenerate: it writes no text."
            raise _Refused(self._runtime._validation(message))
        return found.arns(scope.region, scope.account)

    def _require(self, headers: Any, query_params: Any, action: str, arn: str) -> None:
        """Ask IAM for the caller."""
        denied = self._app._enforce_data_plane(
            SERVICE, action, headers, query_params, "", resource_arn=arn, named_resource=arn
        )
        if denied:
            raise _Refused(denied)

    def _passages(self, kb_id: str, question: str, configuration: Any) -> list[Passage]:
        knowledge_base = self._knowledge_base(kb_id)
        search: Mapping[str, Any] = next(iter((configuration or {}).values()), {})
        if not question:
            raise _Refused(self._runtime._validation("retrievalQuery.text must not be empty."))
        if search.get("overrideSearchType") == "HYBRID":
            raise _Refused(self._runtime._validation(SEMANTIC_ONLY))
        model_arn = storage.model_arn(knowledge_base, self._records.scope().region)
        self._records.require(knowledge_base, "bedrock:InvokeModel", model_arn)
        self._records.require_vectors(knowledge_base, "QueryVectors", "GetVectors")
        [vector] = embed([question], dimensions=storage.dimensions(knowledge_base))
        number, wanted = search.get("numberOfResults", DEFAULT_RESULTS), search.get("filter")
        found = nearest(
            self._records.index(knowledge_base),
            vector,
            number,
            lambda metadata: self._runtime._filter_matches(wanted, dict(metadata)),
        )
        passages = (passage(each.vector.metadata, 1 - each.distance) for each in found)
        return [each for each in passages if each]

    def _knowledge_base(self, kb_id: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] | None = self._records.agent._knowledge_bases.get(kb_id)
        if found is None:
            message = f"Knowledge Base with id {kb_id} does not exist"
            raise _Refused(self._runtime._not_found(message))
        return found
