"""Vector buckets, their indexes, and the vectors in them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-buckets.html
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from labsupport.localcloud.rules.refusal import Refusal


class Refused(Exception):
    """A request is answered with an error."""

    def __init__(self, code: str, message: str, status: int) -> None:
        """Keep AWS's code, the sentence and the HTTP status."""
        self.refusal = Refusal(code, message, status)
        super().__init__(message)


class Scope(NamedTuple):
    """Whose request it is, and where."""

    account: str
    region: str


@dataclass
class Vector:
    """A vector with what is known of it. `data` are float32 numbers, the lowest byte first."""

    key: str
    data: bytes
    metadata: dict[str, Any]


@dataclass
class Index:
    """A vector index.

    Attributes:
        arn: with the bucket's name in it.
        dimension: how many numbers each vector has.
        metric: "cosine" or "euclidean".
        not_filterable: metadata that no filter may ask for.
        created: in seconds since 1970.
    """

    arn: str
    name: str
    bucket: str
    dimension: int
    metric: str
    not_filterable: Sequence[str] = ()
    created: float = field(default_factory=time.time)
    tags: dict[str, str] = field(default_factory=dict)
    vectors: dict[str, Vector] = field(default_factory=dict)

    def put(self, key: str, numbers: Sequence[float], metadata: dict[str, Any]) -> None:
        """Keep a vector; one of the same key is replaced.

        Raises:
            Refused: it has another number of dimensions, or no direction where only that counts.
        """
        if len(numbers) != self.dimension:
            raise invalid(f"Vector {key} must have {self.dimension} dimensions, it has {len(numbers)}")
        data = np.asarray(numbers, "<f4")
        if not np.isfinite(data).all() or (self.metric == "cosine" and not data.any()):
            raise invalid(f"Vector {key} must have finite numbers, and not only zeros with cosine distance")
        self.vectors[key] = Vector(key, data.tobytes(), metadata)


@dataclass
class Bucket:
    """A vector bucket."""

    arn: str
    name: str
    created: float = field(default_factory=time.time)
    tags: dict[str, str] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)


class VectorStore:
    """All vector buckets of the local cloud."""

    def __init__(self) -> None:
        """Begin with none."""
        self._buckets: dict[Scope, dict[str, Bucket]] = {}
        self._managed: dict[str, Index] = {}

    def buckets(self, scope: Scope) -> dict[str, Bucket]:
        """Return the vector buckets of an account and Region, by name."""
        return self._buckets.setdefault(scope, {})

    def bucket(self, scope: Scope, name: str) -> Bucket:
        """Return a vector bucket.

        Raises:
            Refused: there is none of this name.
        """
        if found := self.buckets(scope).get(name):
            return found
        raise Refused("NotFoundException", "The specified vector bucket could not be found", 404)

    def index(self, scope: Scope, bucket: str, name: str) -> Index:
        """Return a vector index.

        Raises:
            Refused: there is none of this name, or no such bucket.
        """
        if found := self.bucket(scope, bucket).indexes.get(name):
            return found
        raise Refused("NotFoundException", "The specified index could not be found", 404)

    def index_of_arn(self, scope: Scope, arn: str) -> Index:
        """Return the vector index of an ARN (see `index`)."""
        bucket, _, name = arn.rpartition(":bucket/")[2].partition("/index/")
        return self.index(scope, bucket, name)

    def managed(self, owner: str, dimension: int) -> Index:
        """Return the index that AWS manages for an owner: it stands in no bucket, and no list shows it."""
        return self._managed.setdefault(owner, Index("", owner, "", dimension, "cosine"))

    def forget_managed(self, owner: str) -> None:
        """Delete the index of an owner, if there is one."""
        self._managed.pop(owner, None)

    def state(self) -> Any:
        """Return what `restore` takes."""
        return copy.deepcopy((self._buckets, self._managed))

    def restore(self, state: Any) -> None:
        """Take what `state` returned in an earlier life."""
        self._buckets, self._managed = state


def invalid(message: str) -> Refused:
    """Return the refusal of a request that the caller must change."""
    return Refused("ValidationException", message, 400)
