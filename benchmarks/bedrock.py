"""Bedrock's stand-in: the first streamed token and a whole summary of 1,500 words, against a round trip."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from benchmarks.clouds import lab_cloud
from benchmarks.figure import Figure, median_seconds

MODEL = "amazon.nova-micro-v1:0"
WORDS, TIMES = 1_500, 15
FILES = Path(__file__).parents[1] / "tests" / "files" / "summaries"


def measure() -> Iterator[Figure]:
    asked = {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": _prompt()}]}]}
    with lab_cloud() as cloud, httpx.Client() as plain:
        client = cloud.client("bedrock-runtime")
        bare = median_seconds(lambda: plain.get(f"{cloud.url}/_lab/health").raise_for_status(), 50)
        client.converse(**asked)
        first = median_seconds(lambda: _first_token(client, asked), TIMES)
        yield Figure("First streamed token, 1,500 words in", first, "bare HTTP round trip", bare)
        whole = median_seconds(lambda: client.converse(**asked), TIMES)
        yield Figure("Summary of 1,500 words, whole", whole, "bare HTTP round trip", bare)


def _prompt() -> str:
    texts = [tomllib.loads(path.read_text(encoding="utf-8"))["text"] for path in sorted(FILES.glob("en-*"))]
    words = " ".join(texts).split()[:WORDS]
    return f"Summarise in three sentences:\n\n{' '.join(words)}"


def _first_token(client: Any, asked: dict[str, Any]) -> None:
    stream = client.converse_stream(**asked)["stream"]
    try:
        next(event for event in stream if "contentBlockDelta" in event)
    finally:
        stream.close()
