"""Knowledge Bases for Amazon Bedrock: documents become chunks, chunks become vectors, questions find them.

Nothing here knows MiniStack, S3 or IAM; `ministack/knowledge_base_seam.py` brings them together.

* `chunking.py`: cut a document as the data source's configuration says
* `documents.py`: a document with its chunks, and what an ingestion job finds new, changed and deleted
* `retrieval.py`: the chunks nearest to a question
* `generation.py`: an answer made of their sentences, with citations

Known cost: every chunk's vector is compared with the question. That is exact, and quick for some thousand
chunks; a vector store for millions would find the nearest approximately.
"""
