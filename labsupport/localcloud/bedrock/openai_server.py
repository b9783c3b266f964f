"""A model behind an OpenAI-compatible server (Ollama, llama.cpp, vLLM), in the place of the stand-ins.

`LAB_MODEL_URL` names the server and `LAB_MODEL_NAME` its model. Nothing falls back to a stand-in: a server
that isn't there, or breaks off, is the model's error, and the message says what to do.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labsupport.localcloud.bedrock.errors import BedrockError
from labsupport.localcloud.models.chat import (
    END_TURN,
    MAX_TOKENS,
    TOOL_USE,
    ChatRequest,
    End,
    Event,
    Message,
    Text,
    TextDelta,
    ToolResult,
    ToolUse,
    ToolUseDelta,
    ToolUseStart,
)

TIMEOUT_SECONDS = 120.0
# A server names no stop sequence: "stop" is both the end of a turn and a stop sequence.
STOP_REASONS = {"stop": END_TURN, "length": MAX_TOKENS, "tool_calls": TOOL_USE, "function_call": TOOL_USE}
NEXT_STEP = "Start the model server, or unset LAB_MODEL_URL, and restart the local cloud (./lab stop)."

# The learner's own proxy settings must not send loopback traffic elsewhere.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class OpenAIServer:
    """A chat model of such a server (`chat.ChatModel`).

    Attributes:
        url: of its API, such as http://127.0.0.1:11434/v1.
        model: the model's name on the server; None leaves it to the server.
    """

    url: str
    model: str | None = None
    timeout_seconds: float = TIMEOUT_SECONDS

    def answer(self, request: ChatRequest) -> Iterator[Event]:
        """Yield the answer as the server streams it.

        Raises:
            BedrockError: ModelErrorException or ModelTimeoutException before the first event, and
                ModelStreamErrorException after it.
        """
        response = self._ask(_body(request, self.model))
        seen = False
        try:
            for event in _events(response):
                seen = True
                yield event
        except BrokenOff as error:
            code = "ModelStreamErrorException" if seen else "ModelErrorException"
            raise BedrockError(code, f"The model server at {self.url} {error}. {NEXT_STEP}") from error
        finally:
            response.close()

    def _ask(self, body: Mapping[str, Any]) -> http.client.HTTPResponse:
        address = f"{self.url.rstrip('/')}/chat/completions"
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        asked = urllib.request.Request(address, json.dumps(body).encode(), headers)
        try:
            response: http.client.HTTPResponse = _opener.open(asked, timeout=self.timeout_seconds)
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(500).decode(errors="replace")
            cause = f"answered with status {error.code}: {' '.join(said.split())}"
            raise BedrockError("ModelErrorException", f"The model server at {self.url} {cause}") from error
        except TimeoutError as error:
            raise BedrockError("ModelTimeoutException", self._not_there("didn't answer in time")) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                raise BedrockError(
                    "ModelTimeoutException", self._not_there("didn't answer in time")
                ) from error
            raise BedrockError(
                "ModelErrorException", self._not_there(f"can't be reached: {reason}")
            ) from error
        return response

    def _not_there(self, cause: str) -> str:
        return f"The model server at {self.url} {cause}. {NEXT_STEP}"


class BrokenOff(Exception):
    """The server's stream ended before the answer did, or is no stream of events."""


def _body(request: ChatRequest, model: str | None) -> dict[str, Any]:
    """Return the request as the server takes it. What the caller didn't say is not said."""
    messages = [{"role": "system", "content": request.system}] if request.system else []
    for message in request.messages:
        messages += _messages(message)
    tools = [
        {
            "type": "function",
            "function": {"name": t.name, "description": t.description, "parameters": t.schema},
        }
        for t in request.tools
    ]
    kind, _, name = request.tool_choice.partition(":")
    choice: Any = {"any": "required", "auto": "auto"}.get(kind)
    if kind == "tool":
        choice = {"type": "function", "function": {"name": name}}
    said = {
        "model": model,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop_sequences) or None,
        "seed": request.seed,
        "tools": tools or None,
        "tool_choice": choice if tools else None,
    }
    always = {"messages": messages, "stream": True, "stream_options": {"include_usage": True}}
    return always | {name: value for name, value in said.items() if value is not None}


def _messages(message: Message) -> Iterator[dict[str, Any]]:
    results = [block for block in message.blocks if isinstance(block, ToolResult)]
    for result in results:
        values = [each if isinstance(each, str) else json.dumps(each) for each in result.content]
        text = "\n".join(values)
        yield {
            "role": "tool",
            "tool_call_id": result.id,
            "content": f"Error: {text}" if result.failed else text,
        }
    texts = [_shown(block) for block in message.blocks if isinstance(block, Text)]
    calls = [
        {
            "id": use.id,
            "type": "function",
            "function": {"name": use.name, "arguments": json.dumps(dict(use.input))},
        }
        for use in message.blocks
        if isinstance(use, ToolUse)
    ]
    if texts or calls:
        turn: dict[str, Any] = {"role": message.role, "content": "\n\n".join(texts) or None}
        yield turn | ({"tool_calls": calls} if calls else {})


def _shown(text: Text) -> str:
    return (
        text.text if text.document is None else f'<document name="{text.document}">\n{text.text}\n</document>'
    )


def _events(response: http.client.HTTPResponse) -> Iterator[Event]:
    usage: dict[str, Any] = {}
    reason, current = None, None
    for chunk in _chunks(response):
        usage = chunk.get("usage") or usage
        for choice in chunk.get("choices") or []:
            delta = choice.get("delta") or {}
            if delta.get("content"):
                yield TextDelta(delta["content"])
            for call in delta.get("tool_calls") or []:
                function = call.get("function") or {}
                if call.get("index", 0) != current:
                    current = call.get("index", 0)
                    yield ToolUseStart(call.get("id") or f"tooluse_{current}", function.get("name", ""))
                if function.get("arguments"):
                    yield ToolUseDelta(function["arguments"])
            reason = choice.get("finish_reason") or reason
    if reason is None:
        raise BrokenOff("stopped in the middle of its answer")
    tokens = int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))
    yield End(STOP_REASONS.get(reason, END_TURN), *tokens)


def _chunks(response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a stream of server-sent events, until it says that it is done."""
    try:
        for line in response:
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                return
            chunk = json.loads(data)
            if "error" in chunk:
                raise BrokenOff(f"says: {chunk['error']}")
            yield chunk
    except ValueError as error:
        raise BrokenOff("answered with something else than events") from error
    except (OSError, http.client.HTTPException) as error:
        raise BrokenOff(f"broke off: {error}") from error
