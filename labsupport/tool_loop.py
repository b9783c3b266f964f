"""The loop around a model that may ask for tools: ask, run what it asks for, hand over the result, ask again.

The model runs nothing. It says what it would like to have run, and this program decides. Notebook
10_rag_and_agents takes the same turns one by one before it uses this.

https://docs.aws.amazon.com/bedrock/latest/userguide/tool-use-inference-call.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

MOST_REQUESTS = 20
"""A conversation is cut off here whatever `go_on` says: each request is paid for."""

Message = dict[str, Any]
Handler = Callable[[str, Mapping[str, Any]], tuple[Any, bool]]
"""Gets a tool's name and its input. Returns what the model is told, a JSON value, and whether it worked."""


def tool_spec(name: str, description: str, **properties: str) -> dict[str, Any]:
    """Return a tool as Converse takes it. All properties of its input are strings, and required.

    Args:
        name: of the tool.
        description: what it does; the model chooses by it.
        properties: by name, what each of them is.
    """
    schema = {
        "type": "object",
        "properties": {key: {"type": "string", "description": text} for key, text in properties.items()},
        "required": list(properties),
    }
    return {"toolSpec": {"name": name, "description": description, "inputSchema": {"json": schema}}}


def converse_with_tools(
    bedrock: Any,
    handler: Handler,
    *,
    ask: str,
    go_on: Callable[[int], bool] = lambda requests: True,
    **request: Any,
) -> list[Message]:
    """Converse until the model asks for no tool any more, and return all messages.

    Where it is cut off, the last message is the model's, with a request that nobody answered.

    Args:
        bedrock: a client for bedrock-runtime.
        handler: runs a tool, or refuses to.
        ask: the user's question.
        go_on: is told how many requests were sent, and says whether one more may be.
        request: Converse's other parameters: modelId, toolConfig, system, inferenceConfig.
    """
    messages: list[Message] = [{"role": "user", "content": [{"text": ask}]}]
    for requests in range(1, MOST_REQUESTS + 1):
        said = bedrock.converse(messages=messages, **request)["output"]["message"]
        messages.append(said)
        wanted = [block["toolUse"] for block in said["content"] if "toolUse" in block]
        if not wanted or requests == MOST_REQUESTS or not go_on(requests):
            break
        messages.append({"role": "user", "content": [tool_result(handler, each) for each in wanted]})
    return messages


def tool_result(handler: Handler, tool_use: Mapping[str, Any]) -> dict[str, Any]:
    """Run one tool, and return the block that tells the model about it."""
    told, worked = handler(tool_use["name"], tool_use["input"])
    content = [{"json": told if isinstance(told, dict) else {"answer": told}}]
    status = "success" if worked else "error"
    return {"toolResult": {"toolUseId": tool_use["toolUseId"], "content": content, "status": status}}
