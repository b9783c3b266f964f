"""Vectors of many texts, for the notebook that looks for the nearest ones (10_rag_and_agents).

Titan Text Embeddings V2 takes one text a call. A notebook shows that call once; this makes the others, some
at the same time.
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
"""

from __future__ import annotations

import contextvars
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

MODEL_ID = "amazon.titan-embed-text-v2:0"
AT_ONCE = 8
"""Calls that are on their way at the same time. botocore keeps 10 connections."""

Numbers = npt.NDArray[np.float64]


def vectors_of(bedrock: Any, texts: Sequence[str]) -> Numbers:
    """Return a matrix with a row of 1,024 numbers for each text, each row of the length 1.

    Args:
        bedrock: a client for bedrock-runtime.
        texts: none of them empty; Titan refuses that.
    """

    def vector_of(text: str) -> list[float]:
        answer = bedrock.invoke_model(modelId=MODEL_ID, body=json.dumps({"inputText": text}))
        vector: list[float] = json.loads(answer["body"].read())["embedding"]
        return vector

    with ThreadPoolExecutor(AT_ONCE) as threads:
        # The tape knows by the context whose calls these are.
        running = [threads.submit(contextvars.copy_context().run, vector_of, text) for text in texts]
        return np.array([each.result() for each in running])
