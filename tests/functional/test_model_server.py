"""LAB_MODEL_URL: an OpenAI-compatible server behind Bedrock, whole and streamed, healthy and not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from labsupport.error_cards import failure_of, recognise
from labsupport.localcloud import supervisor
from labsupport.localcloud.record import CloudRecord

pytestmark = pytest.mark.functional

NOVA = "amazon.nova-micro-v1:0"
Message = dict[str, Any]


def chunk(delta: Message, reason: str | None = None) -> Message:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def call(**function: str) -> Message:
    return {"tool_calls": [{"index": 0, "id": "call_1", "function": function}]}


WORDS = [chunk({"role": "assistant", "content": ""}), chunk({"content": "Xin "}), chunk({"content": "chào."})]
USAGE = {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 4}}
SCRIPTS: dict[str, list[Message]] = {
    "answers": [*WORDS, chunk({}, "stop"), USAGE],
    "is cut": [*WORDS, chunk({}, "length"), USAGE],
    "uses a tool": [
        chunk(call(name="get_order", arguments="")),
        chunk(call(arguments='{"id":')),
        chunk(call(arguments=' "A1"}')),
        chunk({}, "tool_calls"),
        USAGE,
    ],
    "stops in the middle": WORDS,
    "says an error": [*WORDS, {"error": {"message": "out of memory"}}],
    "fails": [],
}


class ModelServer(ThreadingHTTPServer):
    """A tiny OpenAI-compatible server that plays a script."""

    daemon_threads = True
    script = "answers"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[Message] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: ModelServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(json.loads(body))
        if self.path != "/v1/chat/completions" or self.server.script == "fails":
            self.send_error(500, explain="no memory left")
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for each in SCRIPTS[self.server.script]:
            self.wfile.write(f"data: {json.dumps(each)}\n\n".encode())
            self.wfile.flush()
        if self.server.script in ("answers", "is cut", "uses a tool"):
            self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def model_cloud(server: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudRecord]:
    home = tmp_path_factory.mktemp("lab-model-home")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LAB_MODEL_URL", server.url)
        environment.setenv("LAB_MODEL_NAME", "tiny")
        record = supervisor.start(home)
    assert record is not None
    yield record
    supervisor.stop(home)


def client_of(cloud: CloudRecord) -> Any:
    return boto3.client(
        "bedrock-runtime",
        region_name=cloud.region,
        endpoint_url=cloud.url,
        aws_access_key_id=cloud.access_key_id,
        aws_secret_access_key=cloud.secret_access_key,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def runtime(model_cloud: CloudRecord, server: ModelServer) -> Any:
    server.script, server.asked = "answers", []
    return client_of(model_cloud)


def user(*content: Message) -> Message:
    return {"role": "user", "content": list(content)}


HELLO = [user({"text": "Hello"})]
TOOLS = {
    "tools": [
        {
            "toolSpec": {
                "name": "get_order",
                "description": "Find",
                "inputSchema": {"json": {"type": "object"}},
            }
        }
    ],
    "toolChoice": {"any": {}},
}


def test_parameters_reach_the_server_and_its_answer_comes_back(runtime: Any, server: ModelServer) -> None:
    config = {"maxTokens": 50, "temperature": 0.2, "topP": 0.8, "stopSequences": ["END"]}
    answer = runtime.converse(
        modelId=NOVA, messages=HELLO, system=[{"text": "Be brief."}], inferenceConfig=config
    )
    assert answer["output"]["message"]["content"] == [{"text": "Xin chào."}]
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"] == {"inputTokens": 11, "outputTokens": 4, "totalTokens": 15}
    assert server.asked == [
        {
            "model": "tiny",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
            "max_tokens": 50,
            "temperature": 0.2,
            "top_p": 0.8,
            "stop": ["END"],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]


def test_what_was_not_said_is_not_sent(runtime: Any, server: ModelServer) -> None:
    runtime.converse(modelId=NOVA, messages=HELLO)
    assert set(server.asked[0]) == {"model", "messages", "stream", "stream_options"}


def test_a_stream_is_passed_on(runtime: Any, server: ModelServer) -> None:
    server.script = "is cut"
    events = list(runtime.converse_stream(modelId=NOVA, messages=HELLO)["stream"])
    texts = [e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e]
    assert texts == ["Xin ", "chào."] and events[-2]["messageStop"]["stopReason"] == "max_tokens"
    assert events[-1]["metadata"]["usage"]["outputTokens"] == 4


def test_a_tool_is_asked_for_and_its_result_goes_back(runtime: Any, server: ModelServer) -> None:
    server.script = "uses a tool"
    answer = runtime.converse(modelId=NOVA, messages=HELLO, toolConfig=TOOLS)
    turn = answer["output"]["message"]
    assert answer["stopReason"] == "tool_use"
    assert turn["content"] == [
        {"toolUse": {"toolUseId": "call_1", "name": "get_order", "input": {"id": "A1"}}}
    ]
    assert server.asked[0]["tool_choice"] == "required"
    assert server.asked[0]["tools"][0]["function"]["parameters"] == {"type": "object"}
    server.script = "answers"
    result = {"toolResult": {"toolUseId": "call_1", "content": [{"text": "gone"}], "status": "error"}}
    runtime.converse(modelId=NOVA, messages=[*HELLO, turn, user(result)], toolConfig=TOOLS)
    asked, said = server.asked[1]["messages"][1:]
    assert asked["tool_calls"][0]["function"] == {"name": "get_order", "arguments": '{"id": "A1"}'}
    assert said == {"role": "tool", "tool_call_id": "call_1", "content": "Error: gone"}


@pytest.mark.parametrize("operation", ["converse", "converse_stream"])
def test_a_server_that_fails_is_the_models_error(runtime: Any, server: ModelServer, operation: str) -> None:
    server.script = "fails"
    with pytest.raises(ClientError, match="answered with status 500") as caught:
        getattr(runtime, operation)(modelId=NOVA, messages=HELLO)
    assert caught.value.response["Error"]["Code"] == "ModelErrorException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424


@pytest.mark.parametrize(
    ("script", "cause"),
    [("stops in the middle", "stopped in the middle of its answer"), ("says an error", "out of memory")],
)
def test_a_server_that_stops_in_the_middle_breaks_the_stream(
    runtime: Any, server: ModelServer, script: str, cause: str
) -> None:
    server.script = script
    texts = []
    stream = runtime.converse_stream(modelId=NOVA, messages=HELLO)["stream"]
    with (
        closing(stream),
        pytest.raises(EventStreamError, match=f"modelStreamErrorException.*{cause}") as broken,
    ):
        for event in stream:
            texts.append(event.get("contentBlockDelta", {}).get("delta", {}).get("text"))
    card = recognise(failure_of(broken.value))  # what a learner sees in the place of a traceback
    assert card is not None and card.name == "model-server" and card.facts["address"] == server.url
    assert texts[1:] == ["Xin ", "chào."]  # what came before is not lost
    with pytest.raises(ClientError, match=f"ModelErrorException.*{cause}"):
        runtime.converse(modelId=NOVA, messages=HELLO)


def test_a_server_that_is_not_there_is_said_with_the_next_step(
    model_cloud: CloudRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    health = httpx.get(f"{model_cloud.url}/_lab/health").json()
    assert health["model_name"] == "tiny" and health["model_url"].endswith("/v1")
    monkeypatch.setenv("LAB_MODEL_URL", "http://127.0.0.1:9/v1")  # nobody listens there
    record = supervisor.start(tmp_path)
    try:
        assert record is not None
        with pytest.raises(ClientError, match=r"ModelErrorException.*can't be reached.*unset LAB_MODEL_URL"):
            client_of(record).converse(modelId=NOVA, messages=HELLO)
    finally:
        supervisor.stop(tmp_path)
