"""Amazon Nova's own request and answer, for InvokeModel. They are nearly those of Converse.

https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from labsupport.localcloud.bedrock import converse
from labsupport.localcloud.bedrock.errors import invalid
from labsupport.localcloud.models.catalogue import ModelCard
from labsupport.localcloud.models.chat import Answer, ChatRequest, End, Event


def read(body: Mapping[str, Any]) -> ChatRequest:
    """Return the conversation of a request.

    Raises:
        BedrockError: it is malformed.
    """
    if not isinstance(body.get("messages"), list):
        raise invalid(
            "Malformed input request: #: required key [messages] not found, please reformat your input and "
            "try again."
        )
    config = dict(body.get("inferenceConfig") or {})
    if "max_new_tokens" in config:
        config["maxTokens"] = config.pop("max_new_tokens")
    for name, kind in (("maxTokens", int), ("temperature", (int, float)), ("topP", (int, float))):
        if name in config and not isinstance(config[name], kind):
            raise invalid(f"Malformed input request: #/inferenceConfig/{name}: expected a number.")
    try:
        return converse.read({**body, "inferenceConfig": config})
    except (KeyError, TypeError, AttributeError) as error:
        raise invalid(
            f"Malformed input request: {error!r}, please reformat your input and try again."
        ) from error


def answer(_card: ModelCard, whole: Answer) -> dict[str, Any]:
    """Return the body of the answer."""
    found = converse.answer(whole, 0)
    del found["metrics"]
    return found


def stream(_card: ModelCard, events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    """Yield the contents of the stream's chunks."""
    end: End | None = None

    def noting_the_end() -> Iterator[Event]:
        nonlocal end
        for event in events:
            end = event if isinstance(event, End) else end
            yield event

    for kind, content in converse.stream(noting_the_end()):
        yield {kind: content}
    if end:
        yield {"metadata": {"usage": converse.usage(end), "metrics": {}, "trace": {}}}
