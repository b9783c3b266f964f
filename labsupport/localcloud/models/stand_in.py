"""The stand-in for a chat model: it summarises, answers from the given text, and uses the given tools.

Nothing else. To everything else it says that it can't, as a text, with stop reason end_turn.

It writes TOKENS_PER_SECOND tokens a second, so that a stream is seen to arrive. This is the stand-in's own
pace: it says nothing about a model on AWS.
"""

from __future__ import annotations

import itertools
import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from labsupport.localcloud.models import answering, prompt, summarizer, tokenizer, tools
from labsupport.localcloud.models.chat import (
    END_TURN,
    MAX_TOKENS,
    STOP_SEQUENCE,
    TOOL_USE,
    ChatRequest,
    End,
    Event,
    Text,
    TextDelta,
    Tool,
    ToolResult,
    ToolUse,
    ToolUseDelta,
    ToolUseStart,
)
from labsupport.localcloud.models.summarizer import Sampler

TOKENS_PER_SECOND = 400
CANNOT = "I can only summarise, answer from the given text, and use the tools given."


class StandIn:
    """A chat model of this machine.

    `temperature` and `top_p` are what a request gets that says nothing of them.
    """

    def __init__(
        self, *, temperature: float, top_p: float, pause: Callable[[float], object] = time.sleep
    ) -> None:
        """Keep the model's defaults."""
        self._temperature, self._top_p, self._pause = temperature, top_p, pause

    def answer(self, request: ChatRequest) -> Iterator[Event]:
        """Yield the answer token by token (`chat.ChatModel`)."""
        reply = self._reply(request)
        input_tokens = count_input(request)
        whole = reply if isinstance(reply, str) else json.dumps(reply.input, ensure_ascii=False)
        text, stop_sequence = _before_stop(
            whole, () if isinstance(reply, ToolUse) else request.stop_sequences
        )
        pieces = tokenizer.encode(text)
        written = pieces[: request.max_tokens]
        if isinstance(reply, ToolUse):
            yield ToolUseStart(reply.id, reply.name)
        began = time.monotonic()
        for number, piece in enumerate(written, 1):
            self._pause(max(0.0, began + number / TOKENS_PER_SECOND - time.monotonic()))
            yield TextDelta(piece) if isinstance(reply, str) else ToolUseDelta(piece)
        if len(written) < len(pieces):
            reason, stop_sequence = MAX_TOKENS, None
        elif stop_sequence is not None:
            reason = STOP_SEQUENCE
        else:
            reason = TOOL_USE if isinstance(reply, ToolUse) else END_TURN
        yield End(reason, input_tokens, max(1, len(written)), stop_sequence)

    def _reply(self, request: ChatRequest) -> str | ToolUse:
        if request.tools and (reply := _with_tools(request)) is not None:
            return reply
        sampler = Sampler(
            self._temperature if request.temperature is None else request.temperature,
            self._top_p if request.top_p is None else request.top_p,
            np.random.default_rng(request.seed),
        )
        wanted = prompt.read(request)
        if isinstance(wanted, prompt.Summary):
            found = summarizer.summarise(wanted.text, wanted.sentences, sampler)
            return "\n".join(f"- {each}" for each in found) if wanted.bullets else " ".join(found)
        if isinstance(wanted, prompt.Question):
            return answering.answer(wanted.question, wanted.text, sampler, otherwise=wanted.otherwise)
        return CANNOT


def count_input(request: ChatRequest) -> int:
    """Return how many tokens a request has."""
    texts = [
        request.system,
        *(f"{t.name} {t.description} {json.dumps(dict(t.schema))}" for t in request.tools),
    ]
    for block in itertools.chain.from_iterable(message.blocks for message in request.messages):
        if isinstance(block, Text):
            texts.append(block.text)
        elif isinstance(block, ToolUse):
            texts.append(block.name + json.dumps(dict(block.input), ensure_ascii=False))
        else:
            texts.append(json.dumps(list(block.content), ensure_ascii=False, default=str))
    return sum(map(tokenizer.count, texts))


def _with_tools(request: ChatRequest) -> str | ToolUse | None:
    """Return a tool use, or a sentence about a result or a missing value; None when no tool fits."""
    last = request.messages[-1]
    results = [block for block in last.blocks if isinstance(block, ToolResult)]
    if results and request.tool_choice == "auto":
        uses = [b for m in request.messages for b in m.blocks if isinstance(b, ToolUse)]
        return tools.report(results, {use.id: use.name for use in uses})
    # Who must use a tool gets no text from the model, not even about a result:
    # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html
    asked = last.text() or _latest_request(request)
    tool = _tool_for(asked, request)
    if tool is None:
        return None
    found = tools.arguments(asked, tool)
    lacking = tools.missing(tool, found)
    if lacking and request.tool_choice == "auto":
        return tools.ask_for(tool, lacking)
    return ToolUse(f"tooluse_{uuid.uuid4().hex[:22]}", tool.name, found)


def _latest_request(request: ChatRequest) -> str:
    """Return what the user said last, before results of tools."""
    said = (message.text() for message in reversed(request.messages) if message.role == "user")
    return next((text for text in said if text), "")


def _tool_for(asked: str, request: ChatRequest) -> Tool | None:
    kind, _, name = request.tool_choice.partition(":")
    if kind == "tool":
        return next((tool for tool in request.tools if tool.name == name), None)
    return tools.choose(asked, request.tools, must=kind == "any")


def _before_stop(text: str, stop_sequences: Sequence[str]) -> tuple[str, str | None]:
    """Return the text before the first stop sequence, and which one it was. AWS leaves it out."""
    found = [(text.find(each), each) for each in stop_sequences if each and each in text]
    if not found:
        return text, None
    place, sequence = min(found)
    return text[:place], sequence
