"""Converse, ConverseStream, InvokeModel, its stream and CountTokens, as boto3 sees them.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html
"""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from labsupport.localcloud.models import sentences
from labsupport.localcloud.record import CloudRecord

NOVA, NOVA_2 = "amazon.nova-micro-v1:0", "us.amazon.nova-2-lite-v1:0"
HAIKU_5_5 = "us.anthropic.claude-haiku-5-5"
HAIKU_4_5 = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
FILES = Path(__file__).parents[1] / "files" / "summaries"
ENGLISH, VIETNAMESE = (
    tomllib.loads((FILES / f"{name}.toml").read_text(encoding="utf-8"))["text"].strip()
    for name in ("en-1-library", "vi-3-benhvien")
)
TOOL = {
    "toolSpec": {
        "name": "get_order_status",
        "description": "Look up the status of an order",
        "inputSchema": {
            "json": {
                "type": "object",
                "properties": {"order_id": {"type": "string"}},
                "required": ["order_id"],
            }
        },
    }
}
Call = dict[str, Any]


@pytest.fixture(scope="module")
def client(cloud: CloudRecord) -> Callable[..., Any]:
    def make(service: str, region: str = cloud.region) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=cloud.url,
            aws_access_key_id=cloud.access_key_id,
            aws_secret_access_key=cloud.secret_access_key,
            # boto3 checks ranges too, and here AWS is to be asked.
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )

    return make


@pytest.fixture(scope="module")
def runtime(client: Callable[[str], Any]) -> Any:
    return client("bedrock-runtime")


def user(*content: str | Call) -> Call:
    return {
        "role": "user",
        "content": [{"text": each} if isinstance(each, str) else each for each in content],
    }


def said(answer: Call) -> str:
    return "".join(block.get("text", "") for block in answer["output"]["message"]["content"])


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    status: int = response["ResponseMetadata"]["HTTPStatusCode"]
    return response["Error"]["Code"], response["Error"]["Message"], status


# Converse


@pytest.mark.parametrize(
    ("instruction", "text"),
    [("Summarise in two sentences:", ENGLISH), ("Tóm tắt văn bản sau trong hai câu:", VIETNAMESE)],
    ids=["English", "Vietnamese"],
)
def test_converse_answers_in_awss_shape(runtime: Any, instruction: str, text: str) -> None:
    answer = runtime.converse(modelId=NOVA, messages=[user(f"{instruction}\n\n{text}")])
    assert answer["stopReason"] == "end_turn" and answer["output"]["message"]["role"] == "assistant"
    assert len(sentences.split(said(answer))) == 2
    assert all(sentence in sentences.split(text) for sentence in sentences.split(said(answer)))
    usage = answer["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert len(text) / 6 < usage["inputTokens"] < len(text) / 2 and usage["outputTokens"] > 20
    assert answer["metrics"]["latencyMs"] > 0


DRAWS = 30
"""The likeliest answer is drawn in 44 of 100 cases. That often in a row it never is."""


def test_temperature_zero_repeats_the_answer_and_one_does_not(runtime: Any) -> None:
    def answers(temperature: float) -> set[str]:
        asked = {
            "system": [{"text": "You summarise a text in one sentence."}],
            "messages": [user(ENGLISH)],
            "inferenceConfig": {"temperature": temperature, "topP": 1.0},
        }
        return {said(runtime.converse(modelId=NOVA, **asked)) for _ in range(DRAWS)}

    assert len(answers(0.0)) == 1 < len(answers(1.0))


def test_top_k_is_taken_and_does_nothing(runtime: Any) -> None:
    answers = {
        said(
            runtime.converse(
                modelId=NOVA,
                messages=[user(f"Summarise in one sentence:\n\n{ENGLISH}")],
                inferenceConfig={"temperature": 1.0, "topP": 1.0},
                additionalModelRequestFields={"inferenceConfig": {"topK": 1}},
            )
        )
        for _ in range(DRAWS)
    }
    assert len(answers) > 1


def test_max_tokens_cuts_the_answer(runtime: Any) -> None:
    answer = runtime.converse(
        modelId=NOVA, messages=[user(f"Summarise:\n\n{ENGLISH}")], inferenceConfig={"maxTokens": 7}
    )
    assert answer["stopReason"] == "max_tokens" and answer["usage"]["outputTokens"] == 7


def test_a_stop_sequence_ends_the_answer_and_is_not_in_it(runtime: Any) -> None:
    answer = runtime.converse(
        modelId=NOVA,
        messages=[user(f"<document>{ENGLISH}</document> How many books were missing?")],
        inferenceConfig={"stopSequences": [" books"]},
    )
    assert answer["stopReason"] == "stop_sequence" and said(answer).endswith("only 19")


def test_a_question_is_answered_from_the_documents_only(runtime: Any) -> None:
    document = {"document": {"name": "notes", "format": "txt", "source": {"bytes": ENGLISH.encode()}}}
    answers = [
        said(
            runtime.converse(
                modelId=NOVA, messages=[user(document, question)], inferenceConfig={"temperature": 0}
            )
        )
        for question in ("Who is the head librarian?", "What is the capital of France?")
    ]
    assert "Okafor" in answers[0] and answers[1] == "The given text doesn't say that."


def test_what_a_stand_in_cannot_do_it_says(runtime: Any) -> None:
    answer = runtime.converse(modelId=NOVA, messages=[user("Write a poem about the sea.")])
    assert said(answer) == "I can only summarise, answer from the given text, and use the tools given."


def test_a_tool_is_asked_for_and_its_result_is_used(runtime: Any) -> None:
    turns = [user("Where is my order A-1042?")]
    first = runtime.converse(modelId=NOVA, messages=turns, toolConfig={"tools": [TOOL]})
    assert first["stopReason"] == "tool_use"
    [block] = first["output"]["message"]["content"]
    use = block["toolUse"]
    assert (use["name"], use["input"]) == ("get_order_status", {"order_id": "A-1042"})
    for result, expected in (
        ({"content": [{"json": {"status": "shipped", "days": 2}}]}, "status: shipped; days: 2"),
        ({"content": [{"text": "no such order"}], "status": "error"}, "failed: no such order"),
    ):
        block = {"toolResult": {"toolUseId": use["toolUseId"], **result}}
        second = runtime.converse(
            modelId=NOVA,
            messages=[*turns, first["output"]["message"], user(block)],
            toolConfig={"tools": [TOOL]},
        )
        assert second["stopReason"] == "end_turn" and expected in said(second)


# Streams


def test_a_stream_has_awss_events_and_says_the_same(runtime: Any) -> None:
    asked = {
        "messages": [user(f"Summarise in one sentence:\n\n{ENGLISH}")],
        "inferenceConfig": {"temperature": 0},
    }
    whole = runtime.converse(modelId=NOVA, **asked)
    events = list(runtime.converse_stream(modelId=NOVA, **asked)["stream"])
    kinds = [next(iter(event)) for event in events]
    assert kinds[0] == "messageStart" and kinds[-3:] == ["contentBlockStop", "messageStop", "metadata"]
    assert set(kinds[1:-3]) == {"contentBlockDelta"}
    assert "".join(event["contentBlockDelta"]["delta"]["text"] for event in events[1:-3]) == said(whole)
    assert events[-2]["messageStop"]["stopReason"] == "end_turn"
    assert events[-1]["metadata"]["usage"] == whole["usage"]


def test_a_stream_arrives_as_it_is_written(runtime: Any) -> None:
    stream = runtime.converse_stream(modelId=NOVA, messages=[user(f"Summarise:\n\n{ENGLISH}")])["stream"]
    times = [time.monotonic() for event in stream if "contentBlockDelta" in event]
    # 400 tokens a second: all at once would take no time.
    assert len(times) > 40 and times[-1] - times[0] > 0.5 * len(times) / 400


def test_a_streamed_tool_use_comes_as_pieces_of_json(runtime: Any) -> None:
    stream = runtime.converse_stream(
        modelId=NOVA, messages=[user("Where is my order A-1042?")], toolConfig={"tools": [TOOL]}
    )["stream"]
    events = list(stream)
    assert events[1]["contentBlockStart"]["start"]["toolUse"]["name"] == "get_order_status"
    deltas = [each["contentBlockDelta"]["delta"]["toolUse"]["input"] for each in events[2:-3]]
    assert len(deltas) > 1 and json.loads("".join(deltas)) == {"order_id": "A-1042"}
    assert events[-2]["messageStop"]["stopReason"] == "tool_use"


# InvokeModel


@pytest.mark.parametrize("model_id", [NOVA, HAIKU_4_5])
def test_invoke_model_takes_the_models_own_body(runtime: Any, model_id: str) -> None:
    text = f"Summarise in one sentence:\n\n{ENGLISH}"
    if model_id == NOVA:
        body: Call = {"messages": [user(text)], "inferenceConfig": {"maxTokens": 90, "temperature": 0}}
    else:
        messages = [{"role": "user", "content": text}]
        body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 90, "messages": messages}
    answer = runtime.invoke_model(modelId=model_id, body=json.dumps(body))
    found = json.loads(answer["body"].read())
    content = found["output"]["message"]["content"] if model_id == NOVA else found["content"]
    tokens = found["usage"]["outputTokens" if model_id == NOVA else "output_tokens"]
    assert content[0]["text"] in ENGLISH and found["stopReason" if model_id == NOVA else "stop_reason"]
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-bedrock-output-token-count"] == str(tokens)


def test_a_stream_of_invoke_model_has_the_models_own_chunks(runtime: Any) -> None:
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": [{"type": "text", "text": f"Summarise:\n\n{ENGLISH}"}]}],
    }
    stream = runtime.invoke_model_with_response_stream(modelId=HAIKU_4_5, body=json.dumps(body))["body"]
    chunks = [json.loads(event["chunk"]["bytes"]) for event in stream]
    kinds = [chunk["type"] for chunk in chunks]
    assert kinds == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * 5,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert chunks[-2]["delta"]["stop_reason"] == "max_tokens"
    assert chunks[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] == 5


@pytest.mark.parametrize("dimensions", [256, 1024])
def test_an_embedding_has_its_dimensions_and_the_length_one(runtime: Any, dimensions: int) -> None:
    body = json.dumps({"inputText": "Hàm chạy khi có sự kiện.", "dimensions": dimensions})
    answer = runtime.invoke_model(modelId="amazon.titan-embed-text-v2:0", body=body)
    found = json.loads(answer["body"].read())
    assert len(found["embedding"]) == dimensions and found["inputTextTokenCount"] > 5
    assert sum(number**2 for number in found["embedding"]) == pytest.approx(1, abs=1e-3)


def test_count_tokens_counts_what_converse_would_read(runtime: Any) -> None:
    messages = [user(f"Summarise:\n\n{ENGLISH}")]
    bare = HAIKU_4_5.removeprefix("us.")
    counted = runtime.count_tokens(modelId=bare, input={"converse": {"messages": messages}})["inputTokens"]
    assert runtime.converse(modelId=HAIKU_4_5, messages=messages)["usage"]["inputTokens"] == counted
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 5}
    body["messages"] = [{"role": "user", "content": messages[0]["content"][0]["text"]}]  # type: ignore[assignment]
    native = runtime.count_tokens(modelId=bare, input={"invokeModel": {"body": json.dumps(body)}})
    assert native["inputTokens"] == counted


@pytest.mark.parametrize("model_id", [NOVA, HAIKU_4_5])
def test_count_tokens_refuses_nova_and_profiles(runtime: Any, model_id: str) -> None:
    counted = {"converse": {"messages": [user("hello")]}}
    code, message, _ = refused(runtime.count_tokens, modelId=model_id, input=counted)
    assert (code, message) == (
        "ValidationException",
        "The provided model doesn't support counting tokens.",
    )


# Which model


@pytest.mark.parametrize(
    ("model_id", "code", "words"),
    [
        ("amazon.nova-micro-v9:0", "ValidationException", "The provided model identifier is invalid."),
        ("amazon.nova-canvas-v1:0", "ResourceNotFoundException", "has reached the end of its life"),
        ("us.anthropic.claude-3-5-haiku-20241022-v1:0", "ResourceNotFoundException", "end of its life"),
        ("anthropic.claude-opus-4-1-20250805-v1:0", "ResourceNotFoundException", "provider as Legacy"),
        ("amazon.nova-2-lite-v1:0", "ValidationException", "ID or ARN of an inference profile"),
        ("amazon.titan-embed-text-v2:0", "ValidationException", "supported text or chat model"),
    ],
)
def test_a_model_that_cannot_be_called_is_refused(runtime: Any, model_id: str, code: str, words: str) -> None:
    found, message, status = refused(runtime.converse, modelId=model_id, messages=[user("hello")])
    assert found == code and words in message
    assert status == (404 if code == "ResourceNotFoundException" else 400)


@pytest.mark.parametrize("prefix", ["", "us."])
def test_a_model_and_a_profile_go_by_id_and_by_arn(
    runtime: Any, client: Callable[[str], Any], prefix: str
) -> None:
    bedrock = client("bedrock")
    if prefix:
        arn = bedrock.get_inference_profile(inferenceProfileIdentifier=prefix + NOVA)["inferenceProfileArn"]
    else:
        arn = bedrock.get_foundation_model(modelIdentifier=NOVA)["modelDetails"]["modelArn"]
    for model_id in (prefix + NOVA, arn):
        assert runtime.converse(modelId=model_id, messages=[user("hello")])["stopReason"] == "end_turn"


# Which parameters


@pytest.mark.parametrize(
    ("model_id", "config", "words"),
    [
        (NOVA, {"temperature": 1.5}, "'inferenceConfig.temperature' failed to satisfy constraint"),
        (NOVA, {"maxTokens": 0}, "Member must have value greater than or equal to 1"),
        (NOVA, {"maxTokens": 5001}, "exceeds the model limit of 5000"),
        (HAIKU_4_5, {"temperature": 0.5, "topP": 0.9}, "cannot both be specified"),
        (HAIKU_5_5, {"temperature": 0.5}, "`temperature` may only be set to 1"),
        (HAIKU_5_5, {"topP": 0.9}, "`top_p` may only be set to 0.99"),
        (HAIKU_5_5, {"temperature": 1.0, "topP": 0.99}, "cannot both be specified"),
    ],
)
def test_a_parameter_that_a_model_does_not_take_is_refused(
    runtime: Any, model_id: str, config: Call, words: str
) -> None:
    code, message, status = refused(
        runtime.converse, modelId=model_id, messages=[user("hello")], inferenceConfig=config
    )
    assert (code, status) == ("ValidationException", 400) and words in message


@pytest.mark.parametrize(
    ("model_id", "config"),
    [
        (NOVA, {"temperature": 0.5, "topP": 0.9, "maxTokens": 5000}),
        (HAIKU_4_5, {"temperature": 0.5}),
        (HAIKU_5_5, {"temperature": 1.0}),
        (HAIKU_5_5, {"topP": 0.99}),
        (NOVA_2, {}),
    ],
)
def test_a_parameter_that_a_model_takes_is_taken(runtime: Any, model_id: str, config: Call) -> None:
    answer = runtime.converse(modelId=model_id, messages=[user("hello")], inferenceConfig=config)
    assert answer["stopReason"] == "end_turn"


def test_haiku_5_5_takes_no_top_k_and_no_prefill(runtime: Any) -> None:
    asked = {"modelId": HAIKU_5_5, "messages": [user("hello")]}
    _, message, _ = refused(runtime.converse, **asked, additionalModelRequestFields={"top_k": 5})
    assert "`top_k` is not supported" in message
    asked["messages"] = [user("hello"), {"role": "assistant", "content": [{"text": "I"}]}]
    assert "prefill" in refused(runtime.converse, **asked)[1]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "must start with a user message"),
        ([{"role": "assistant", "content": [{"text": "Hi"}]}], "must start with a user message"),
        ([user("a"), user("b")], "must alternate between user and assistant roles"),
        ([user("  ")], "The text field in the ContentBlock object at messages.0.content.0 is blank."),
        ([user({"image": {"format": "png", "source": {"bytes": b"x"}}})], "models read text"),
        ([user({"toolResult": {"toolUseId": "a", "content": []}})], "toolConfig field must be defined"),
    ],
)
def test_a_malformed_conversation_is_refused(runtime: Any, messages: list[Call], words: str) -> None:
    code, message, _ = refused(runtime.converse, modelId=NOVA, messages=messages)
    assert code == "ValidationException" and words in message


def test_a_text_beyond_the_context_window_is_refused(runtime: Any) -> None:
    code, message, _ = refused(runtime.converse, modelId=NOVA, messages=[user("word " * 130_000)])
    assert code == "ValidationException" and "Input is too long for requested model" in message


def test_a_guardrail_is_refused_and_not_ignored(runtime: Any) -> None:
    guardrail = {"guardrailIdentifier": "abc", "guardrailVersion": "1"}
    code, message, _ = refused(
        runtime.converse, modelId=NOVA, messages=[user("hello")], guardrailConfig=guardrail
    )
    assert code == "ValidationException" and "Guardrails are not there in the local cloud" in message


# Quotas and metrics


@pytest.fixture
def lower_quota(cloud: CloudRecord) -> Iterator[Callable[..., None]]:
    model_id = "amazon.nova-pro-v1:0"

    def change(**quota: int) -> None:
        answer = httpx.put(
            f"{cloud.url}/_lab/model-quotas",
            json={"modelId": model_id, **quota},
            headers={"Authorization": f"Bearer {cloud.secret_access_key}"},
        )
        assert answer.status_code == 200, answer.text

    yield change
    change()


def test_what_goes_beyond_a_quota_is_throttled(
    client: Callable[..., Any], lower_quota: Callable[..., None]
) -> None:
    # A Region of its own: what other tests have asked of this model within a minute counts in theirs.
    runtime = client("bedrock-runtime", "eu-west-1")
    asked: Call = {
        "modelId": "amazon.nova-pro-v1:0",
        "messages": [user("hello")],
        "inferenceConfig": {"maxTokens": 10},
    }
    lower_quota(requestsPerMinute=2)
    for _ in range(2):
        runtime.converse(**asked)
    throttled = ("ThrottlingException", "Too many requests, please wait before trying again.", 429)
    assert refused(runtime.converse, **asked) == throttled
    assert refused(runtime.converse_stream, **asked) == throttled
    assert runtime.converse(**{**asked, "modelId": NOVA})["stopReason"]  # each model has its own
    lower_quota(tokensPerMinute=60)
    runtime.converse(**asked)
    asked["inferenceConfig"]["maxTokens"] = 100
    assert "Too many tokens" in refused(runtime.converse, **asked)[1]


@pytest.mark.parametrize("body", [{}, {"modelId": 3}, {"modelId": NOVA, "requestsPerMinute": -1}, []])
def test_a_quota_that_is_none_is_refused(cloud: CloudRecord, body: Any) -> None:
    headers = {"Authorization": f"Bearer {cloud.secret_access_key}"}
    assert httpx.put(f"{cloud.url}/_lab/model-quotas", json=body, headers=headers).status_code == 400


def test_invocations_are_counted_by_model(runtime: Any, client: Callable[[str], Any]) -> None:
    model_id = "amazon.nova-lite-v1:0"
    usage = runtime.converse(modelId=model_id, messages=[user(f"Summarise:\n\n{ENGLISH}")])["usage"]
    list(runtime.converse_stream(modelId=model_id, messages=[user("hello")])["stream"])
    refused(runtime.converse, modelId=model_id, messages=[user(" ")])
    cloudwatch, now = client("cloudwatch"), datetime.now(UTC)

    def total(metric: str) -> float:
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/Bedrock",
            MetricName=metric,
            Dimensions=[{"Name": "ModelId", "Value": model_id}],
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    assert total("Invocations") == 2 and total("InvocationClientErrors") == 1
    assert usage["inputTokens"] < total("InputTokenCount") < usage["inputTokens"] + 10
    assert total("OutputTokenCount") > usage["outputTokens"] and total("InvocationLatency") > 0


# Which models there are


def test_models_say_that_they_are_stand_ins(client: Callable[[str], Any]) -> None:
    bedrock = client("bedrock")
    models = bedrock.list_foundation_models()["modelSummaries"]
    assert len(models) == 7 and all(model["modelName"].endswith("(stand-in)") for model in models)
    [titan] = bedrock.list_foundation_models(byOutputModality="EMBEDDING")["modelSummaries"]
    assert titan["modelId"] == "amazon.titan-embed-text-v2:0" and not titan["responseStreamingSupported"]
    only_profile = {m["modelId"] for m in models if m["inferenceTypesSupported"] == ["INFERENCE_PROFILE"]}
    assert "amazon.nova-2-lite-v1:0" in only_profile and NOVA not in only_profile
    assert all(model["modelLifecycle"]["status"] == "ACTIVE" for model in models)


def test_profiles_name_their_models(client: Callable[[str], Any]) -> None:
    profiles = client("bedrock").list_inference_profiles()["inferenceProfileSummaries"]
    found = {profile["inferenceProfileId"]: profile for profile in profiles}
    arns = [model["modelArn"] for model in found[NOVA_2]["models"]]
    assert arns[0] == "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-2-lite-v1:0" and len(arns) == 3
    assert "global.anthropic.claude-haiku-5-5" in found


def test_a_model_that_is_not_there_is_not_found(client: Callable[[str], Any]) -> None:
    for identifier in ("amazon.nova-micro-v9:0", "amazon.nova-canvas-v1:0"):
        code, _, _ = refused(client("bedrock").get_foundation_model, modelIdentifier=identifier)
        assert code == "ResourceNotFoundException"


def test_nothing_canned_is_left(cloud: CloudRecord, client: Callable[[str], Any]) -> None:
    for call in (
        lambda: client("bedrock-runtime").list_async_invokes(),
        lambda: client("bedrock-runtime").apply_guardrail(
            guardrailIdentifier="a", guardrailVersion="1", source="INPUT", content=[{"text": {"text": "x"}}]
        ),
    ):
        with pytest.raises((ClientError, EventStreamError), match="UnknownOperationException"):
            call()
    answer = httpx.post(f"{cloud.url}/v1/chat/completions", json={"messages": []})
    assert answer.status_code in (403, 404) and "choices" not in answer.text
