"""Tokens of Bedrock's answers, as the tape keeps them: whole answers, bytes of a real stream, broken ones."""

from __future__ import annotations

import io
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from labsupport.localcloud.bedrock import event_stream
from labsupport.model_usage import HeardStream, ModelTokens, tokens_of_answer
from labsupport.tape import Tape

USAGE = {"inputTokens": 12, "outputTokens": 5, "totalTokens": 17}
HEADERS = {"x-amzn-bedrock-input-token-count": "12", "x-amzn-bedrock-output-token-count": "5"}
PIECE = {"contentBlockDelta": {"delta": {"text": "Hi"}, "contentBlockIndex": 0}}


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [
        ({"usage": USAGE}, ModelTokens(12, 5)),
        ({"ResponseMetadata": {"HTTPHeaders": HEADERS}}, ModelTokens(12, 5)),
        ({"ResponseMetadata": {"HTTPHeaders": {next(iter(HEADERS)): "12"}}}, ModelTokens(12, 0)),
        ({"inputTokens": 12}, None),  # CountTokens: counted, not used
        ({}, None),
    ],
)
def test_an_answer_says_its_tokens(answer: dict[str, Any], tokens: ModelTokens | None) -> None:
    assert tokens_of_answer(answer) == tokens


def test_a_stream_says_its_tokens_at_its_end_and_not_before() -> None:
    heard: list[ModelTokens] = []
    events = iter(HeardStream([PIECE, {"metadata": {"usage": USAGE}}], heard.append))
    assert next(events) == PIECE and heard == []
    assert next(events) == {"metadata": {"usage": USAGE}} and heard == [ModelTokens(12, 5)]


def test_a_stream_that_breaks_off_tells_nothing_and_raises_what_it_raised() -> None:
    def broken() -> Any:
        yield PIECE
        raise OSError("gone")

    heard: list[ModelTokens] = []
    with pytest.raises(OSError, match="gone"):
        list(HeardStream(broken(), heard.append))
    assert heard == []


def test_the_tape_keeps_the_tokens_of_a_stream(converse_stream: Any) -> None:
    tape = Tape()
    body = event_stream.event("contentBlockDelta", PIECE["contentBlockDelta"])
    body += event_stream.event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}})
    stream = converse_stream(tape, body)
    [call] = tape.calls()
    assert call.tokens is None
    assert [list(event) for event in stream] == [["contentBlockDelta"], ["metadata"]]
    assert call.tokens == ModelTokens(12, 5)
    stream.close()  # botocore's own method, still there


@pytest.fixture
def converse_stream() -> Any:
    """Return what makes one call of ConverseStream that is answered with given bytes."""

    class Body(io.BytesIO):
        def stream(self, **_: Any) -> Any:
            yield self.read()

    def make(tape: Tape, body: bytes) -> Any:
        session = boto3.Session(aws_access_key_id="A", aws_secret_access_key="B", region_name="us-east-1")
        tape.attach(session.events)
        client = session.client("bedrock-runtime")
        headers = {"content-type": event_stream.CONTENT_TYPE}
        client.meta.events.register(
            "before-send", lambda request, **_: AWSResponse(request.url, 200, headers, Body(body))
        )
        messages = [{"role": "user", "content": [{"text": "Hello"}]}]
        return client.converse_stream(modelId="amazon.nova-micro-v1:0", messages=messages)["stream"]

    return make
