"""Anthropic Claude's own request and answer (the Messages API), for InvokeModel.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from labsupport.localcloud.bedrock import converse
from labsupport.localcloud.bedrock.errors import from_the_model, invalid
from labsupport.localcloud.models.catalogue import ModelCard
from labsupport.localcloud.models.chat import (
    Answer,
    Block,
    ChatRequest,
    End,
    Event,
    Message,
    Text,
    TextDelta,
    Tool,
    ToolResult,
    ToolUse,
    ToolUseDelta,
    ToolUseStart,
)

VERSION = "bedrock-2023-05-31"


def read(body: Mapping[str, Any]) -> ChatRequest:
    """Return the conversation of a request.

    Raises:
        BedrockError: it is malformed.
    """
    if body.get("anthropic_version") != VERSION:
        raise invalid(f'anthropic_version: must be "{VERSION}".')
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        raise from_the_model("max_tokens: Field required, a whole number of at least 1.")
    try:
        return _request(body)
    except (KeyError, TypeError, AttributeError) as error:
        raise from_the_model(f"messages: {error!r}") from error


def answer(card: ModelCard, whole: Answer) -> dict[str, Any]:
    """Return the body of the answer."""
    return {
        **_head(card, whole.end),
        "content": [
            {"type": "text", "text": block.text}
            if isinstance(block, Text)
            else {"type": "tool_use", "id": block.id, "name": block.name, "input": block.input}
            for block in whole.blocks
        ],
        "stop_reason": whole.end.stop_reason,
        "stop_sequence": whole.end.stop_sequence,
    }


def stream(card: ModelCard, events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    """Yield the contents of the stream's chunks."""
    head = {**_head(card, End("", 0, 0)), "content": [], "stop_reason": None, "stop_sequence": None}
    yield {"type": "message_start", "message": head}
    block, opened = 0, ""
    for event in events:
        kind = "text" if isinstance(event, TextDelta) else "tool_use"
        if opened and (isinstance(event, ToolUseStart | End) or kind != opened):
            yield {"type": "content_block_stop", "index": block}
            block, opened = block + 1, ""
        if isinstance(event, End):
            yield _message_delta(event)
            yield {"type": "message_stop"}
            return
        if not opened:
            yield {"type": "content_block_start", "index": block, "content_block": _opening(event)}
            opened = kind
        if not isinstance(event, ToolUseStart):
            yield {"type": "content_block_delta", "index": block, "delta": _delta(event)}


def _message_delta(end: End) -> dict[str, Any]:
    delta = {"stop_reason": end.stop_reason, "stop_sequence": end.stop_sequence}
    usage = {"input_tokens": end.input_tokens, "output_tokens": end.output_tokens}
    return {"type": "message_delta", "delta": delta, "usage": usage}


def _opening(event: Event) -> dict[str, Any]:
    if isinstance(event, ToolUseStart):
        return {"type": "tool_use", "id": event.id, "name": event.name, "input": {}}
    return {"type": "text", "text": ""}


def _delta(event: Event) -> dict[str, Any]:
    if isinstance(event, ToolUseDelta):
        return {"type": "input_json_delta", "partial_json": event.json}
    return {"type": "text_delta", "text": event.text if isinstance(event, TextDelta) else ""}


def _head(card: ModelCard, end: End) -> dict[str, Any]:
    return {
        "id": f"msg_bdrk_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": card.id.removeprefix("anthropic."),
        "usage": {"input_tokens": end.input_tokens, "output_tokens": end.output_tokens},
    }


def _request(body: Mapping[str, Any]) -> ChatRequest:
    system = body.get("system") or ""
    messages = [Message(each["role"], _blocks(each["content"])) for each in body["messages"]]
    converse.check_turns(messages)
    choice = body.get("tool_choice") or {"type": "auto"}
    return ChatRequest(
        messages=messages,
        system=system if isinstance(system, str) else "\n".join(each["text"] for each in system),
        tools=[
            Tool(each["name"], each.get("description", ""), each["input_schema"])
            for each in body.get("tools") or []
        ],
        tool_choice=f"tool:{choice['name']}" if choice["type"] == "tool" else choice["type"],
        max_tokens=body["max_tokens"],
        temperature=body.get("temperature"),
        top_p=body.get("top_p"),
        stop_sequences=body.get("stop_sequences") or (),
    )


def _blocks(content: Any) -> list[Block]:
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    found = [_block(block) for block in content]
    if not found or any(isinstance(block, Text) and not block.text.strip() for block in found):
        raise from_the_model("messages: text content blocks must be non-empty")
    return found


def _block(block: Mapping[str, Any]) -> Block:
    kind = block["type"]
    if kind == "text":
        return Text(block["text"])
    if kind == "document" and block["source"]["type"] == "text":
        return Text(block["source"]["data"], block.get("title", "document"))
    if kind == "tool_use":
        return ToolUse(block["id"], block["name"], block["input"])
    if kind == "tool_result":
        content = block.get("content", "")
        values = [content] if isinstance(content, str) else [each.get("text", "") for each in content]
        return ToolResult(block["tool_use_id"], [_json(each) for each in values], bool(block.get("is_error")))
    raise invalid(converse.ONLY_TEXT.format(kind=kind))


def _json(text: str) -> Any:
    """Return what a text says as JSON, or the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
