"""Where a knowledge base or a data source is created and deleted: its role, its store, its vectors.

https://docs.aws.amazon.com/bedrock/latest/userguide/kb-permissions.html
https://docs.aws.amazon.com/bedrock/latest/userguide/kb-ds-delete.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from labsupport.localcloud.knowledge_bases import chunking, storage
from labsupport.localcloud.ministack.knowledge_base_records import KnowledgeBaseRecords
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.vector_store.store import Refused

Answer = Any
PRINCIPAL = "bedrock.amazonaws.com"
NOT_ASSUMED = (
    "Bedrock Knowledge Base was unable to assume the given role. Provide the proper permissions and retry "
    "the request."
)


class KnowledgeBaseControlSeam:
    """What MiniStack's control plane of Knowledge Bases doesn't ask."""

    def __init__(self, records: KnowledgeBaseRecords) -> None:
        """Take MiniStack's modules."""
        import ministack.app

        self._app: Any = ministack.app
        self._records = records
        self._agent = records.agent

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        replace(self._agent, "handle_request", self._asking)
        replace(self._agent, "_create_ds", self._creating_data_source)
        replace(self._agent, "_delete_ds", self._deleting_data_source)
        replace(self._agent, "_delete_kb", self._deleting)

    def _asking(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        """Check the role and the store of a new knowledge base, and of one that gets others."""

        async def handle(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Answer:
            if method == "PUT" and path.rstrip("/").count("/") <= 2 and path.startswith("/knowledgebases/"):
                request, _ = self._agent._parse_body(body)
                if refused := self._refusal(request or {}, headers, query_params):
                    return refused
            return await original(method, path, headers, body, query_params)

        return handle

    def _refusal(self, request: Mapping[str, Any], headers: Any, query_params: Any) -> Answer | None:
        role_arn, configuration = request.get("roleArn"), request.get("knowledgeBaseConfiguration")
        if not role_arn or not configuration:
            return None  # MiniStack says so
        denied = self._app._enforce_data_plane(
            "bedrock-agent",
            "iam:PassRole",
            headers,
            query_params,
            "",
            resource_arn=role_arn,
            service_context={"iam:PassedToService": PRINCIPAL},
            named_resource=role_arn,
        )
        if denied:
            return denied
        scope = self._records.scope()
        role = self._records.roles.role(role_arn)
        context = {
            "aws:sourceaccount": scope.account,
            "aws:sourcearn": f"arn:aws:bedrock:{scope.region}:{scope.account}:knowledge-base/*",
        }
        if role is None or not self._records.roles.trusts(
            role["AssumeRolePolicyDocument"], PRINCIPAL, context
        ):
            return self._agent._validation(NOT_ASSUMED)
        if configuration.get("type") == "MANAGED":
            return None
        dimensions = storage.dimensions_of(configuration)
        message = storage.problem(request.get("storageConfiguration"), dimensions, self._records.store, scope)
        return self._agent._validation(message) if message else None

    def _creating_data_source(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def create(kb_id: str, body: bytes) -> Answer:
            message = chunking.problem(json.loads(body or b"{}").get("vectorIngestionConfiguration"))
            return self._agent._validation(message) if message else original(kb_id, body)

        return create

    def _deleting_data_source(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def delete(kb_id: str, ds_id: str) -> Answer:
            self._forget_vectors(kb_id, ds_id)
            return original(kb_id, ds_id)

        return delete

    def _deleting(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def delete(kb_id: str) -> Answer:
            for key in [key for key in self._agent._data_sources if key.startswith(f"{kb_id}/")]:
                self._forget_vectors(kb_id, key.partition("/")[2])
                del self._agent._data_sources[key]
            self._records.documents(kb_id).clear()
            self._records.store.forget_managed(kb_id)
            return original(kb_id)

        return delete

    def _forget_vectors(self, kb_id: str, ds_id: str) -> None:
        """Delete a data source's vectors if its policy says so. The store itself is the customer's."""
        data_source = self._agent._data_sources.get(f"{kb_id}/{ds_id}") or {}
        knowledge_base = self._agent._knowledge_bases.get(kb_id)
        if knowledge_base is None or data_source.get("DataDeletionPolicy") != "DELETE":
            return
        try:
            vectors = self._records.index(knowledge_base).vectors
        except Refused:
            return  # the index was deleted before
        for record in self._records.documents(kb_id, ds_id).values():
            for key in record["Vectors"]:
                vectors.pop(key, None)
