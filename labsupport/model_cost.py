"""What foundation models cost: so much for a token that is read, more for one that is written.

A model has a price for each way to reach it: by its own id, or through an inference profile. The prices
stand in `prices.json`, and are for us-east-1, as all prices of the lab. A profile that stays in another part
of the world is priced as its counterpart there: what counts is the Region of the call.

https://docs.aws.amazon.com/bedrock/latest/userguide/cross-region-inference.html
"""

from __future__ import annotations

from labsupport.cost import price
from labsupport.errors import LabError

# By the id that a call names, with or without an ARN around it. What isn't there has no price in the book.
NAMES = {
    "amazon.nova-micro-v1:0": "nova-micro",
    "amazon.nova-lite-v1:0": "nova-lite",
    "us.amazon.nova-2-lite-v1:0": "nova-2-lite-us",
    "global.amazon.nova-2-lite-v1:0": "nova-2-lite-global",
    "us.anthropic.claude-haiku-5-5": "claude-haiku-5-5-us",
    "global.anthropic.claude-haiku-5-5": "claude-haiku-5-5-global",
    "us.anthropic.claude-haiku-4-5-20251001-v1:0": "claude-haiku-4-5-us",
    "amazon.titan-embed-text-v2:0": "titan-embed-text-v2",
}
# Above this many tokens in a prompt, these models have another price, which is not in the book.
LONGEST_PROMPT = {"claude-haiku-5-5-us": 100_000, "claude-haiku-5-5-global": 100_000}


def token_units(model_id: str, *, read: int, written: int) -> dict[str, float] | None:
    """Return tokens by the names of their prices, or None for a model without a price in the book."""
    name = _name(model_id.rpartition("/")[2])
    if name is None or read > LONGEST_PROMPT.get(name, read):
        return None
    units: dict[str, float] = {f"bedrock-{name}-read": read}
    return units | ({f"bedrock-{name}-written": written} if written else {})


def _name(called: str) -> str | None:
    """Return a model's name in the price book."""
    prefix, _, model = called.partition(".")
    if called in NAMES or prefix not in ("us", "eu", "apac"):
        return NAMES.get(called)
    return NAMES.get(model) or NAMES.get(f"us.{model}")


def model_dollars(model_id: str, *, read: int, written: int) -> float:
    """Return what so many tokens cost (introduced in 09_bedrock_summary).

    Args:
        model_id: as a call names it, an inference profile with its prefix.
        read: input tokens.
        written: output tokens.

    Raises:
        LabError: the price book doesn't know the model.
    """
    units = token_units(model_id, read=read, written=written)
    if units is None:
        raise LabError(
            doing=f"pricing the tokens of {model_id}",
            cause="the price book has no price for this model, or for a prompt of this length.",
            next_step=f"Use one of: {', '.join(NAMES)}.",
        )
    return sum(price(name).dollars(amount) for name, amount in units.items())


def dollars_a_million(model_id: str) -> dict[str, float]:
    """Return what a million tokens cost: {"input": what is read, "output": what is written}, in US dollars.

    Raises:
        LabError: the price book doesn't know the model.
    """
    million = 1_000_000
    return {
        "input": million * model_dollars(model_id, read=1, written=0),
        "output": million * model_dollars(model_id, read=0, written=1),
    }
