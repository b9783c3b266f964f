"""One invocation of a model: its events, how long they took, and what is counted when it is over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from labsupport.localcloud.bedrock.errors import BedrockError
from labsupport.localcloud.models.chat import (
    END_TURN,
    Answer,
    End,
    Event,
    Text,
    TextDelta,
    ToolUse,
    ToolUseDelta,
    ToolUseStart,
)


@dataclass
class Invocation:
    """The events of an answer, to be walked through once.

    Attributes:
        end: the last event, once it came.
        latency_ms: from the request to the last event, once it came.
        first_byte_ms: from the request to the first event.
    """

    clock: Callable[[], float]
    done: Callable[[End, int], None]
    began: float
    first: Event
    rest: Iterator[Event]
    first_byte_ms: int = 0
    latency_ms: int = 0
    end: End = field(default_factory=lambda: End(END_TURN, 0, 0))

    @classmethod
    def begin(
        cls,
        events: Iterator[Event],
        *,
        clock: Callable[[], float],
        done: Callable[[End, int], None],
    ) -> Invocation:
        """Wait for the first event.

        Args:
            events: what the model writes.
            clock: returns seconds.
            done: is told when the answer is over.
        """
        began = clock()
        first = next(events)
        waited = round((clock() - began) * 1000)
        return cls(clock, done, began, first, events, first_byte_ms=waited)

    def __iter__(self) -> Iterator[Event]:
        """Yield the events."""
        event = self.first
        try:
            while not isinstance(event, End):
                yield event
                event = next(self.rest)
        finally:
            self.rest.close()  # type: ignore[attr-defined]  # a client that has gone needs no more
        self.end, self.latency_ms = event, round((self.clock() - self.began) * 1000)
        self.done(event, self.latency_ms)
        yield event

    def native_metrics(self) -> dict[str, int]:
        """Return what the last chunk of InvokeModelWithResponseStream tells."""
        return {
            "inputTokenCount": self.end.input_tokens,
            "outputTokenCount": self.end.output_tokens,
            "invocationLatency": self.latency_ms,
            "firstByteLatency": self.first_byte_ms,
        }


def collect(invocation: Invocation) -> Answer:
    """Return the whole answer.

    Raises:
        BedrockError: the model broke off. Nobody has seen anything yet: it is a ModelErrorException.
    """
    answer = Answer()
    text, tool, arguments = "", None, ""
    try:
        for event in invocation:
            if isinstance(event, TextDelta):
                text += event.text
            elif isinstance(event, ToolUseDelta):
                arguments += event.json
            else:
                _close(answer, text, tool, arguments)
                text, arguments = "", ""
                tool = event if isinstance(event, ToolUseStart) else None
    except BedrockError as error:
        if error.code == "ModelStreamErrorException":
            raise BedrockError("ModelErrorException", error.message) from error
        raise
    answer.end = invocation.end
    return answer


def _close(answer: Answer, text: str, tool: ToolUseStart | None, arguments: str) -> None:
    if tool is not None:
        answer.blocks.append(ToolUse(tool.id, tool.name, _read(arguments)))
    elif text:
        answer.blocks.append(Text(text))


def _read(arguments: str) -> dict[str, Any]:
    """Return a tool's input. It is cut off where maxTokens ended it: then nothing can be read."""
    try:
        found = json.loads(arguments or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
