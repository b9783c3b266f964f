"""The vectors of an index that are nearest to one.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-query.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from labsupport.localcloud.vector_store.store import Index, Vector, invalid


class Neighbour(NamedTuple):
    """A vector, and how far it is: 1 minus the cosine of the angle, or the euclidean distance."""

    vector: Vector
    distance: float


def nearest(
    index: Index,
    asked: Sequence[float],
    number: int,
    fits: Callable[[Mapping[str, Any]], bool] = lambda metadata: True,
) -> list[Neighbour]:
    """Return the vectors of an index nearest to one, the nearest first.

    Args:
        index: where to look.
        asked: the vector.
        number: how many at the most.
        fits: tells by a vector's metadata whether it may be among them.

    Raises:
        Refused: the vector has another number of dimensions than the index.
    """
    if len(asked) != index.dimension:
        raise invalid(f"Query vector must have {index.dimension} dimensions, it has {len(asked)}")
    vectors = [vector for vector in list(index.vectors.values()) if fits(vector.metadata)]
    if not vectors:
        return []
    rows = np.stack([np.frombuffer(vector.data, "<f4") for vector in vectors])
    distances = _distances(rows, np.asarray(asked, "<f4"), index.metric)
    order = np.argsort(distances, kind="stable")[:number]
    return [Neighbour(vectors[place], float(distances[place])) for place in order]


def _distances(rows: Any, asked: Any, metric: str) -> Any:
    if metric == "euclidean":
        return np.linalg.norm(rows - asked, axis=1)
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(asked)
    return 1 - rows @ asked / np.where(lengths == 0, 1, lengths)
