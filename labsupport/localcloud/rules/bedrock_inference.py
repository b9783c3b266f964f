"""Which inference parameters a model takes. What it doesn't take is refused, and nothing is quietly changed.

https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.localcloud.models.catalogue import CLAUDE, ModelCard
from labsupport.localcloud.models.chat import ChatRequest

BOTH = "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
PREFILL = (
    "This model does not support assistant message prefill. The conversation must end with a user message."
)


def problem(card: ModelCard, request: ChatRequest, additional: Mapping[str, Any]) -> str | None:
    """Return what a model's API says against a request, or None.

    Args:
        card: the model.
        request: with its parameters; those that are None were not given.
        additional: additionalModelRequestFields, the model's own parameters.
    """
    most = card.most_tokens
    if most is not None and request.max_tokens is not None and request.max_tokens > most:
        return (
            f"The maximum tokens you requested exceeds the model limit of {most}. Try again with a maximum "
            f"tokens value that is lower than {most}."
        )
    if card.one_of_both and request.temperature is not None and request.top_p is not None:
        return BOTH
    if card.fixed_sampling:
        return _fixed(card, request, additional)
    return None


def _fixed(card: ModelCard, request: ChatRequest, additional: Mapping[str, Any]) -> str | None:
    """Return the refusal of a model that samples in its own way only. The words are the lab's."""
    if request.temperature not in (None, card.temperature):
        return f"`temperature` may only be set to {card.temperature:g} for this model."
    if request.top_p not in (None, card.top_p):
        return f"`top_p` may only be set to {card.top_p:g} for this model."
    if "top_k" in additional:
        return "`top_k` is not supported for this model."
    if card.family == CLAUDE and request.messages[-1].role == "assistant":
        return PREFILL
    return None
