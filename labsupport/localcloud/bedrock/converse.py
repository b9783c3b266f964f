"""Converse's request as a conversation, and a conversation's answer as Converse's.

Nova's own body (InvokeModel) is nearly the same, and uses this too.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from labsupport.localcloud.bedrock.errors import invalid
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

READABLE_DOCUMENTS = ("txt", "md", "csv", "html")
NOT_READ = ("image", "video", "audio")
ONLY_TEXT = "The local cloud's models read text. Send the {kind} to a model on AWS (LAB_TARGET=aws)."
FIRST = (
    "A conversation must start with a user message. Try again with a conversation that starts with a user "
    "message."
)
ALTERNATE = (
    "A conversation must alternate between user and assistant roles. Make sure the conversation alternates "
    "between user and assistant roles and try again."
)
NO_TOOLS = "The toolConfig field must be defined when using toolUse and toolResult content blocks."


def read(body: Mapping[str, Any]) -> ChatRequest:
    """Return the conversation of a request.

    Raises:
        BedrockError: AWS refuses it, or it has what the local cloud's models can't read.
    """
    messages = [_message(message, place) for place, message in enumerate(body.get("messages") or [])]
    check_turns(messages)
    config = body.get("inferenceConfig") or {}
    tool_config = body.get("toolConfig") or {}
    tools = [_tool(each["toolSpec"]) for each in tool_config.get("tools", []) if "toolSpec" in each]
    if not tools and any(isinstance(b, ToolUse | ToolResult) for m in messages for b in m.blocks):
        raise invalid(NO_TOOLS)
    return ChatRequest(
        messages=messages,
        system="\n".join(each["text"] for each in body.get("system") or [] if "text" in each),
        tools=tools,
        tool_choice=_tool_choice(tool_config.get("toolChoice") or {}),
        max_tokens=config.get("maxTokens"),
        temperature=config.get("temperature"),
        top_p=config.get("topP"),
        stop_sequences=config.get("stopSequences") or (),
    )


def check_turns(messages: Sequence[Message]) -> None:
    """Check that user and assistant take turns, and that the user begins.

    Raises:
        BedrockError: they don't.
    """
    if not messages or messages[0].role != "user":
        raise invalid(FIRST)
    for place, message in enumerate(messages):
        if message.role != ("user", "assistant")[place % 2]:
            raise invalid(ALTERNATE)


def answer(whole: Answer, latency_ms: int) -> dict[str, Any]:
    """Return the body of Converse's answer."""
    return {
        "metrics": {"latencyMs": latency_ms},
        "output": {"message": {"content": [_content(block) for block in whole.blocks], "role": "assistant"}},
        "stopReason": whole.end.stop_reason,
        "usage": usage(whole.end),
    }


def usage(end: End) -> dict[str, int]:
    """Return the tokens that were used."""
    return {
        "inputTokens": end.input_tokens,
        "outputTokens": end.output_tokens,
        "totalTokens": end.input_tokens + end.output_tokens,
    }


def stream(events: Iterable[Event]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the events of ConverseStream but for `metadata`, as (type, content)."""
    yield "messageStart", {"role": "assistant"}
    block, is_open, is_tool = 0, False, False
    for event in events:
        starts = isinstance(event, ToolUseStart) or (isinstance(event, TextDelta) and is_tool)
        if is_open and (starts or isinstance(event, End)):
            yield "contentBlockStop", {"contentBlockIndex": block}
            block, is_open = block + 1, False
        if isinstance(event, ToolUseStart):
            start = {"toolUse": {"toolUseId": event.id, "name": event.name}}
            yield "contentBlockStart", {"start": start, "contentBlockIndex": block}
            is_open = is_tool = True
        elif isinstance(event, ToolUseDelta):
            yield "contentBlockDelta", _delta({"toolUse": {"input": event.json}}, block)
        elif isinstance(event, TextDelta):
            yield "contentBlockDelta", _delta({"text": event.text}, block)
            is_open, is_tool = True, False
        else:
            yield "messageStop", {"stopReason": event.stop_reason}


def _delta(delta: Mapping[str, Any], block: int) -> dict[str, Any]:
    return {"delta": delta, "contentBlockIndex": block}


def _content(block: Text | ToolUse) -> dict[str, Any]:
    if isinstance(block, Text):
        return {"text": block.text}
    return {"toolUse": {"toolUseId": block.id, "name": block.name, "input": block.input}}


def _message(message: Mapping[str, Any], place: int) -> Message:
    blocks = [
        found
        for number, block in enumerate(message["content"])
        if (found := _block(block, f"messages.{place}.content.{number}"))
    ]
    if not blocks:
        raise invalid(
            f"The content field in the Message object at messages.{place} is empty. Add a ContentBlock "
            "object to the content field and try again."
        )
    return Message(message["role"], blocks)


def _block(block: Mapping[str, Any], where: str) -> Block | None:
    """Return a content block, or None for one that only steers the model (cachePoint and such)."""
    for kind in NOT_READ:
        if kind in block:
            raise invalid(ONLY_TEXT.format(kind=kind))
    if "text" in block:
        if not block["text"].strip():
            raise invalid(
                f"The text field in the ContentBlock object at {where} is blank. Add text to the text field, "
                "and try again."
            )
        return Text(block["text"])
    if "document" in block:
        return _document(block["document"])
    if "toolUse" in block:
        use = block["toolUse"]
        return ToolUse(use["toolUseId"], use["name"], use["input"] or {})
    if "toolResult" in block:
        result = block["toolResult"]
        values = [_result_value(each) for each in result["content"]]
        return ToolResult(result["toolUseId"], values, result.get("status") == "error")
    if "guardContent" in block:
        return Text(block["guardContent"]["text"]["text"])
    return None


def _result_value(value: Mapping[str, Any]) -> Any:
    for kind in NOT_READ:
        if kind in value:
            raise invalid(ONLY_TEXT.format(kind=kind))
    if "document" in value:
        return _document(value["document"]).text
    return value["json"] if "json" in value else value.get("text", "")


def _document(document: Mapping[str, Any]) -> Text:
    source, name = document["source"], document["name"]
    if "text" in source:
        return Text(source["text"], name)
    if "content" in source:
        return Text("\n\n".join(each.get("text", "") for each in source["content"]), name)
    form = document.get("format", "txt")
    if form not in READABLE_DOCUMENTS or "bytes" not in source:
        kind = "document in S3" if "s3Location" in source else f"{form} document"
        raise invalid(ONLY_TEXT.format(kind=kind))
    try:
        return Text(base64.b64decode(source["bytes"], validate=True).decode(), name)
    except (binascii.Error, UnicodeDecodeError):
        raise invalid(f"The document {name!r} is not UTF-8 text.") from None


def _tool(specification: Mapping[str, Any]) -> Tool:
    schema = specification["inputSchema"].get("json")
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        raise invalid(
            f"The value at toolConfig.tools.toolSpec.inputSchema.json of {specification['name']} must be "
            'a JSON schema whose type is "object".'
        )
    return Tool(specification["name"], specification.get("description", ""), schema)


def _tool_choice(choice: Mapping[str, Any]) -> str:
    if "tool" in choice:
        return f"tool:{choice['tool']['name']}"
    return "any" if "any" in choice else "auto"
