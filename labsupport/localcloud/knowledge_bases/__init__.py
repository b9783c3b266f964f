"""Knowledge Bases for Amazon Bedrock: documents become chunks, chunks become vectors, questions find them.

Nothing here knows MiniStack, S3 or IAM; `ministack/knowledge_bases.py` brings them together.

* `chunking.py`: cut a document as the data source's configuration says
* `documents.py`: a document with its chunks, and what an ingestion job finds new, changed and deleted
* `retrieval.py`: a chunk as a vector with metadata, and as a passage that was found
* `storage.py`: the vector index that a knowledge base keeps its vectors in
* `generation.py`: an answer made of their sentences, with citations

The vectors lie in an index of S3 Vectors (`vector_store`), where a learner can list and query them.
"""
