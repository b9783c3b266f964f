"""MiniStack's records of knowledge bases and their documents, for the seams that share them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from labsupport.localcloud.knowledge_bases import storage
from labsupport.localcloud.knowledge_bases.documents import Record
from labsupport.localcloud.ministack.service_roles import ServiceRoles
from labsupport.localcloud.vector_store.store import Index, Scope, VectorStore

SESSION = "BedrockKnowledgeBase"


class Denied(Exception):
    """The knowledge base's service role may not; the message is IAM's sentence."""


class KnowledgeBaseRecords:
    """Knowledge bases, their documents, and the index of their vectors."""

    def __init__(self, store: VectorStore) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import bedrock_agent

        self.agent: Any = bedrock_agent
        self._responses: Any = responses
        self.store, self.roles = store, ServiceRoles()

    def scope(self) -> Scope:
        """Return the account and Region of the request that is being served."""
        return Scope(self._responses.get_account_id(), self._responses.get_region())

    def documents(self, *ids: str) -> Below:
        """Return the documents of a knowledge base, or of one of its data sources."""
        return Below(self.agent._kb_document_texts, "/".join([*ids, ""]))

    def index(self, knowledge_base: Mapping[str, Any]) -> Index:
        """Return where a knowledge base keeps its vectors (see `storage.index_of`)."""
        return storage.index_of(knowledge_base, self.store, self.scope())

    def require(self, knowledge_base: Mapping[str, Any], action: str, resource_arn: str) -> None:
        """Ask IAM for the service role.

        Raises:
            Denied: it may not.
        """
        if denial := self.roles.denial(knowledge_base["RoleArn"], SESSION, action, resource_arn):
            raise Denied(denial)

    def require_vectors(self, knowledge_base: Mapping[str, Any], *actions: str) -> None:
        """Ask IAM for the service role on the index. AWS's own index needs no permission."""
        if arn := self.index(knowledge_base).arn:
            for action in actions:
                self.require(knowledge_base, f"s3vectors:{action}", arn)


class Below(MutableMapping[str, Record]):
    """What a store of MiniStack's holds below a prefix."""

    def __init__(self, store: MutableMapping[str, Record], prefix: str) -> None:
        """Take the store and the prefix."""
        self._store, self._prefix = store, prefix

    def __getitem__(self, key: str) -> Record:
        """Return the record of a key without the prefix."""
        return self._store[self._prefix + key]

    def __setitem__(self, key: str, record: Record) -> None:
        """Keep a record."""
        self._store[self._prefix + key] = record

    def __delitem__(self, key: str) -> None:
        """Delete a record."""
        del self._store[self._prefix + key]

    def __iter__(self) -> Iterator[str]:
        """Yield the keys, without the prefix."""
        below = [key for key in self._store if key.startswith(self._prefix)]
        return (key.removeprefix(self._prefix) for key in below)

    def __len__(self) -> int:
        """Count the records."""
        return sum(1 for _ in self)
