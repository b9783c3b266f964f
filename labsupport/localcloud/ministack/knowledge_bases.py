"""Knowledge Bases put together, with the vector store that they keep their vectors in."""

from __future__ import annotations

from labsupport.localcloud.ministack.idempotency_token_seam import IdempotencyTokenSeam
from labsupport.localcloud.ministack.knowledge_base_control_seam import KnowledgeBaseControlSeam
from labsupport.localcloud.ministack.knowledge_base_ingestion_seam import KnowledgeBaseIngestionSeam
from labsupport.localcloud.ministack.knowledge_base_questions_seam import KnowledgeBaseQuestionsSeam
from labsupport.localcloud.ministack.knowledge_base_records import KnowledgeBaseRecords
from labsupport.localcloud.ministack.vector_store_seam import VectorStoreSeam
from labsupport.localcloud.vector_store.store import VectorStore


def attach_knowledge_bases(store: VectorStore) -> None:
    """Attach the seams of S3 Vectors and of Knowledge Bases."""
    VectorStoreSeam(store).attach()
    records = KnowledgeBaseRecords(store)
    KnowledgeBaseControlSeam(records).attach()
    KnowledgeBaseIngestionSeam(records).attach()
    KnowledgeBaseQuestionsSeam(records).attach()
    IdempotencyTokenSeam(records.agent).attach()  # outermost: what comes again isn't asked anything
