"""Retrieval augmented generation with boto3 and numpy only: what a notebook's cells do step by step."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from labsupport.lab import Lab
from tests.notes import NOTES

pytestmark = pytest.mark.functional

QUESTION = "Where does a message go that never succeeds?"


def vector_of(bedrock: Any, text: str) -> list[float]:
    body = json.dumps({"inputText": text, "dimensions": 512})
    answer = bedrock.invoke_model(modelId="amazon.titan-embed-text-v2:0", body=body)
    found: list[float] = json.loads(answer["body"].read())["embedding"]
    return found


def test_chunk_embed_compare_and_ask(lab: Lab) -> None:
    bedrock = lab.client("bedrock-runtime")
    names = ("queues-and-workers", "cold-starts", "retrieval")
    notes = [(NOTES / "en" / f"{name}.md").read_text(encoding="utf-8") for name in names]
    chunks = [paragraph for note in notes for paragraph in note.split("\n\n")[1:]]
    vectors = np.array([vector_of(bedrock, chunk) for chunk in chunks])
    assert vectors.shape == (len(chunks), 512)
    best = chunks[int((vectors @ vector_of(bedrock, QUESTION)).argmax())]
    assert "dead-letter queue" in best

    prompt = f"Answer from this text only.\n\n{best}\n\nQuestion: {QUESTION}"
    answer = bedrock.converse(
        modelId="amazon.nova-micro-v1:0",
        messages=[{"role": "user", "content": [{"text": prompt}]}],
        inferenceConfig={"temperature": 0},
    )
    text = answer["output"]["message"]["content"][0]["text"]
    assert text in best
    assert answer["usage"]["inputTokens"] > 50
