"""Which embedding model stands behind Bedrock: the stand-in, or with MiniLM (`LAB_EMBEDDINGS`)."""

from __future__ import annotations

from collections.abc import Sequence

from labsupport.localcloud.models import embeddings, semantic

CHOICES = {"stand-in": embeddings.embed, "semantic": semantic.embed}
_chosen = "stand-in"


def choose(name: str) -> None:
    """Say which one answers from now on. Vectors of two models can't be compared."""
    global _chosen
    _chosen = name


def embed(texts: Sequence[str], *, dimensions: int = 1024, normalize: bool = True) -> list[list[float]]:
    """Return a vector for each text, of the model that was chosen (see `embeddings.embed`)."""
    return CHOICES[_chosen](texts, dimensions=dimensions, normalize=normalize)
