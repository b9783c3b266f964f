"""What AWS charges for calls of Bedrock's models, read off a call on the tape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.model_cost import token_units

FREE = {"CountTokens"}


def charge_of_model(call: Any) -> Mapping[str, float] | None:
    """Return the tokens of a call by the names of their prices.

    A refused call costs nothing, and neither does counting:
    https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html
    A call without a word about its tokens, such as a stream that broke off, has no price.
    """
    if call.error_code or call.operation in FREE:
        return {}
    if call.tokens is None:
        return None
    model_id = str(call.parameters.get("modelId", ""))
    return token_units(model_id, read=call.tokens.read, written=call.tokens.written)
