"""What is asked of a model and what it says, whatever API it came through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

END_TURN, MAX_TOKENS, STOP_SEQUENCE, TOOL_USE = "end_turn", "max_tokens", "stop_sequence", "tool_use"


@dataclass(frozen=True)
class Text:
    """A text, or a document's text, which has a name."""

    text: str
    document: str | None = None


@dataclass(frozen=True)
class ToolUse:
    """The model asks for a tool."""

    id: str
    name: str
    input: Mapping[str, Any]


@dataclass(frozen=True)
class ToolResult:
    """What the tool said: texts and JSON values."""

    id: str
    content: Sequence[Any]
    failed: bool = False


Block = Text | ToolUse | ToolResult


@dataclass(frozen=True)
class Message:
    """One turn. The role is "user" or "assistant"."""

    role: str
    blocks: Sequence[Block]

    def text(self) -> str:
        """Return its texts, without documents."""
        return "\n\n".join(b.text for b in self.blocks if isinstance(b, Text) and b.document is None)


@dataclass(frozen=True)
class Tool:
    """A tool that the model may ask for; `schema` is the JSON Schema of its input."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class ChatRequest:
    """A conversation that waits for the model's turn.

    Attributes:
        max_tokens: None means: as many as the model gives.
        temperature: None means that the caller said nothing; so for top_p.
        tool_choice: "auto", "any", or "tool:<name>".
        seed: makes the sampling repeat itself; None means a new draw each time.
    """

    messages: Sequence[Message]
    system: str = ""
    tools: Sequence[Tool] = ()
    tool_choice: str = "auto"
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: Sequence[str] = ()
    seed: int | None = None


@dataclass(frozen=True)
class TextDelta:
    """The next piece of a text."""

    text: str


@dataclass(frozen=True)
class ToolUseStart:
    """A tool use begins. Its input follows as pieces of JSON."""

    id: str
    name: str


@dataclass(frozen=True)
class ToolUseDelta:
    """The next piece of a tool use's input, as JSON text."""

    json: str


@dataclass(frozen=True)
class End:
    """The answer is over. Tokens are counted by whoever wrote it."""

    stop_reason: str
    input_tokens: int
    output_tokens: int
    stop_sequence: str | None = None


Event = TextDelta | ToolUseStart | ToolUseDelta | End


class ChatModel(Protocol):
    """Something that answers conversations."""

    def answer(self, request: ChatRequest) -> Iterator[Event]:
        """Yield the answer as it is written. The last event is its End."""


@dataclass
class Answer:
    """A whole answer, put together from its events."""

    blocks: list[Text | ToolUse] = field(default_factory=list)
    end: End = End(END_TURN, 0, 0)
