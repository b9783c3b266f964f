"""The tokens that Bedrock says a call used: in the answer, in its headers, or at the end of a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

READ_HEADER = "x-amzn-bedrock-input-token-count"
WRITTEN_HEADER = "x-amzn-bedrock-output-token-count"


@dataclass(frozen=True)
class ModelTokens:
    """What a model has read and written."""

    read: int
    written: int


def tokens_of_answer(parsed: Mapping[str, Any]) -> ModelTokens | None:
    """Return what an answer says of its tokens, or None when it says nothing.

    Converse has them in `usage`, InvokeModel in its headers.
    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html
    """
    usage = parsed.get("usage")
    if isinstance(usage, Mapping) and "inputTokens" in usage:
        return ModelTokens(usage["inputTokens"], usage.get("outputTokens", 0))
    headers = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    if READ_HEADER in headers:
        return ModelTokens(int(headers[READ_HEADER]), int(headers.get(WRITTEN_HEADER, 0)))
    return None


class HeardStream:
    """A stream of ConverseStream, whose last event tells the tokens to whoever listens.

    A stream that breaks off, or that nobody reads to its end, tells nothing.
    """

    def __init__(self, stream: Any, heard: Callable[[ModelTokens], object]) -> None:
        """Pass everything on; call `heard` when the tokens are known."""
        self._stream, self._heard = stream, heard

    def __iter__(self) -> Iterator[Any]:
        for event in self._stream:
            if tokens := tokens_of_answer(event.get("metadata", {})):
                self._heard(tokens)
            yield event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
