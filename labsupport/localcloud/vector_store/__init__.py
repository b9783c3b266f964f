"""Amazon S3 Vectors: vector buckets hold vector indexes, and an index finds the vectors nearest to one.

Nothing here knows MiniStack, IAM or Knowledge Bases; `ministack/vector_store_seam.py` says who may.

* `store.py`: buckets, indexes and vectors, and how they are kept
* `search.py`: the nearest vectors of an index
* `filters.py`: whether a vector's metadata fits a filter
* `api.py`: the operations by AWS's names
* `permissions.py`: the IAM actions of an operation, and what they are asked for on

Known cost: every vector of an index is compared. That is exact, and quick for some thousand; AWS finds the
nearest approximately, among millions.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors.html
"""
