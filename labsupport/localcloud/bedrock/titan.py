"""Titan Text Embeddings V2's request and answer, for InvokeModel.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labsupport.localcloud.bedrock.errors import BedrockError, from_the_model, invalid
from labsupport.localcloud.models import tokenizer
from labsupport.localcloud.models.catalogue import ModelCard

DIMENSIONS = (256, 512, 1024)
MOST_CHARACTERS = 50_000
FIELDS = {"inputText", "dimensions", "normalize", "embeddingTypes"}

Embed = Callable[..., Sequence[Sequence[float]]]


def answer(card: ModelCard, body: Mapping[str, Any], embed: Embed) -> tuple[dict[str, Any], int]:
    """Return the body of the answer and the number of tokens of the text.

    Raises:
        BedrockError: the request is malformed or too long.
    """
    text, dimensions = body.get("inputText"), body.get("dimensions", 1024)
    normalize, kinds = body.get("normalize", True), body.get("embeddingTypes", ["float"])
    if unknown := sorted(set(body) - FIELDS):
        raise _malformed(f"#: extraneous key [{unknown[0]}] is not permitted")
    if not isinstance(text, str) or not text.strip():
        raise _malformed("expected minLength: 1, actual: 0")
    if dimensions not in DIMENSIONS or not isinstance(normalize, bool):
        raise _malformed(f"#/dimensions: {dimensions} is not a valid enum value")
    if not kinds or not set(kinds) <= {"float", "binary"}:
        raise _malformed("#/embeddingTypes: use float and binary")
    tokens = tokenizer.count(text)
    if tokens > card.context_tokens or len(text) > MOST_CHARACTERS:
        raise from_the_model(
            f"Too many input tokens. Max input tokens: {card.context_tokens}, "
            f"request input token count: {tokens}"
        )
    [vector] = embed([text], dimensions=dimensions, normalize=normalize)
    numbers = [float(number) for number in vector]
    by_type: dict[str, list[float]] = {}
    if "float" in kinds:
        by_type["float"] = numbers
    if "binary" in kinds:
        by_type["binary"] = [int(number > 0) for number in numbers]
    found: dict[str, Any] = {"embeddingsByType": by_type, "inputTextTokenCount": tokens}
    return ({"embedding": numbers, **found} if "float" in kinds else found), tokens


def _malformed(what: str) -> BedrockError:
    return invalid(f"Malformed input request: {what}, please reformat your input and try again.")


def local_embedding(texts: Sequence[str], *, dimensions: int, normalize: bool) -> Sequence[Sequence[float]]:
    """Return the vectors of the model that was chosen. What it knows is loaded when the first text comes."""
    from labsupport.localcloud.models.embedding_choice import embed

    return embed(texts, dimensions=dimensions, normalize=normalize)
