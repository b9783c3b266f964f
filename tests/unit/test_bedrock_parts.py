"""Parts of Bedrock without a cloud: event streams, quotas, embeddings' bodies, profiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from labsupport.localcloud.bedrock import event_stream, titan
from labsupport.localcloud.bedrock.errors import BedrockError
from labsupport.localcloud.bedrock.invocation import Invocation, collect
from labsupport.localcloud.bedrock.quotas import Quota, Quotas
from labsupport.localcloud.bedrock.resolution import resolve
from labsupport.localcloud.models.catalogue import MODELS
from labsupport.localcloud.models.chat import End, Event, TextDelta, ToolUse, ToolUseDelta, ToolUseStart

TITAN = MODELS["amazon.titan-embed-text-v2:0"]


def test_botocore_reads_what_is_written() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(event_stream.event("chunk", {"text": "Xin chào"}) + event_stream.exception("oops", {}))
    first, second = list(buffer)
    assert first.headers[":event-type"] == "chunk" and first.payload.decode() == '{"text": "Xin chào"}'
    assert second.headers[":message-type"] == "exception" and second.headers[":exception-type"] == "oops"


def test_a_quota_is_of_the_last_minute() -> None:
    now = 0.0
    quotas = Quotas(clock=lambda: now)
    quotas.set("m", Quota(requests_per_minute=2, tokens_per_minute=100))
    quotas.reserve("a", "r", "m", 10)
    now = 30.0
    quotas.reserve("a", "r", "m", 10)
    quotas.reserve("b", "r", "m", 10)  # another account has its own
    with pytest.raises(BedrockError, match="Too many requests"):
        quotas.reserve("a", "r", "m", 10)
    now = 60.0
    quotas.reserve("a", "r", "m", 10)
    with pytest.raises(BedrockError, match="Too many requests"):
        quotas.reserve("a", "r", "m", 10)


def test_what_a_request_reserved_and_did_not_use_is_free_again() -> None:
    quotas = Quotas(clock=lambda: 0.0)
    quotas.set("m", Quota(tokens_per_minute=100))
    reservation = quotas.reserve("a", "r", "m", 90)
    with pytest.raises(BedrockError, match="Too many tokens"):
        quotas.reserve("a", "r", "m", 20)
    quotas.settle(reservation, 30)
    quotas.reserve("a", "r", "m", 70)


def test_a_client_that_has_gone_ends_the_writing() -> None:
    written: list[str] = []

    def events() -> Iterator[Event]:
        try:
            for word in ("one", "two", "three"):
                written.append(word)
                yield TextDelta(word)
        finally:
            written.append("closed")

    told: list[object] = []
    invocation = Invocation.begin(events(), clock=lambda: 0.0, done=lambda *end: told.append(end))
    pieces = iter(invocation)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert written == ["one", "closed"] and told == []


def test_an_answer_is_counted_once_it_is_over() -> None:
    now, told = iter([1.0, 1.25, 2.0]), []
    events: list[Event] = [ToolUseStart("t", "find"), ToolUseDelta('{"a": '), ToolUseDelta("1}")]
    end = End("tool_use", 5, 2)
    invocation = Invocation.begin(
        iter_closing([*events, end]), clock=lambda: next(now), done=lambda *each: told.append(each)
    )
    assert invocation.first_byte_ms == 250
    assert collect(invocation).blocks == [ToolUse("t", "find", {"a": 1})]
    assert told == [(end, 1000)]


def iter_closing(events: list[Event]) -> Iterator[Event]:
    yield from events


def embed(texts: Sequence[str], *, dimensions: int, normalize: bool) -> list[list[float]]:
    return [[0.5 if normalize else -2.0] * dimensions for _ in texts]


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        ({}, [0.5] * 1024),
        ({"dimensions": 256, "normalize": False}, [-2.0] * 256),
    ],
)
def test_an_embedding_has_the_dimensions_that_were_asked_for(body: Any, numbers: list[float]) -> None:
    found, tokens = titan.answer(TITAN, {"inputText": "three small words", **body}, embed)
    assert found["embedding"] == numbers == found["embeddingsByType"]["float"]
    assert found["inputTextTokenCount"] == tokens == 3


def test_a_binary_embedding_is_the_signs() -> None:
    body = {"inputText": "a", "dimensions": 256, "embeddingTypes": ["binary"]}
    found, _ = titan.answer(TITAN, body, embed)
    assert found["embeddingsByType"] == {"binary": [1] * 256} and "embedding" not in found


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"inputText": " "},
        {"inputText": "a", "dimensions": 300},
        {"inputText": "a", "normalize": "no"},
        {"inputText": "a", "embeddingTypes": ["int8"]},
        {"inputText": "a", "texts": []},
        {"inputText": "word " * 9_000},
    ],
)
def test_a_malformed_request_for_an_embedding_is_refused(body: Any) -> None:
    with pytest.raises(BedrockError, match="ValidationException"):
        titan.answer(TITAN, body, embed)


def test_a_global_profile_needs_the_model_without_a_region() -> None:
    target = resolve("global.anthropic.claude-haiku-5-5", region="us-east-1", account="1")
    assert target.arns("us-east-1", "1") == [
        "arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-haiku-5-5",
        "arn:aws:bedrock:::foundation-model/anthropic.claude-haiku-5-5",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-5-5",
    ]


@pytest.mark.parametrize(
    "model_id",
    [
        "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-micro-v1:0",
        "arn:aws:bedrock:us-east-1:2:inference-profile/us.amazon.nova-micro-v1:0",
        "arn:aws:s3:us-east-1::foundation-model/amazon.nova-micro-v1:0",
        "eu.amazon.nova-micro-v1:0",
    ],
)
def test_what_is_somebody_elses_is_no_model(model_id: str) -> None:
    with pytest.raises(BedrockError, match="identifier is invalid"):
        resolve(model_id, region="us-east-1", account="1")
