"""The models behind Bedrock, by AWS's ids: what each one is, what it takes, and how it is reached.

The names say that they are stand-ins. Ids, states and limits are AWS's, of November 2026:

https://docs.aws.amazon.com/bedrock/latest/userguide/model-cards.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle.html
https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
"""

from __future__ import annotations

from dataclasses import dataclass

# Where a geographic profile of the United States may send a request.
US_REGIONS = ("us-east-1", "us-east-2", "us-west-2")
NOVA, CLAUDE, TITAN_EMBEDDING = "nova", "claude", "titan-embedding"


@dataclass(frozen=True)
class ModelCard:
    """A model.

    Attributes:
        family: whose request body InvokeModel takes.
        profiles: the prefixes of its inference profiles ("us", "global").
        on_demand: whether its own id can be called, without a profile.
        own_id_in: the only Region of the United States where it can; None: in each.
        temperature, top_p: its defaults.
        one_of_both: temperature and top-p can't be given together.
        fixed_sampling: other values than the defaults are refused.
        most_tokens: of an answer; None where AWS's number is not known here.
        context_tokens: of a request with its answer.
        counts_tokens: CountTokens knows it.
        input_modalities: of the model on AWS; a stand-in reads text.
    """

    id: str
    name: str
    provider: str
    family: str
    context_tokens: int
    profiles: tuple[str, ...] = ()
    on_demand: bool = True
    own_id_in: str | None = None
    temperature: float = 0.7
    top_p: float = 0.9
    one_of_both: bool = False
    fixed_sampling: bool = False
    most_tokens: int | None = None
    counts_tokens: bool = False
    input_modalities: tuple[str, ...] = ("TEXT",)

    @property
    def is_chat(self) -> bool:
        """Tell whether it answers conversations."""
        return self.family != TITAN_EMBEDDING

    def is_on_demand(self, region: str) -> bool:
        """Tell whether its own id can be called.

        Outside of the United States the local cloud has the models of us-east-1.
        """
        return self.on_demand and (region not in US_REGIONS or self.own_id_in in (None, region))

    def arn(self, region: str) -> str:
        """Return the ARN of the foundation model. Region "" is the one of global profiles."""
        return f"arn:aws:bedrock:{region}::foundation-model/{self.id}"


def _nova(
    name: str, title: str, context_tokens: int, *modalities: str, own_id_in: str | None = None
) -> ModelCard:
    return ModelCard(
        id=f"amazon.nova-{name}-v1:0",
        name=f"{title} (stand-in)",
        provider="Amazon",
        family=NOVA,
        context_tokens=context_tokens,
        profiles=("us",),
        own_id_in=own_id_in,
        most_tokens=5_000,
        input_modalities=("TEXT", *modalities),
    )


MODELS = {
    card.id: card
    for card in (
        _nova("micro", "Nova Micro", 128_000, own_id_in="us-east-1"),
        _nova("lite", "Nova Lite", 300_000, "IMAGE", "VIDEO"),
        _nova("pro", "Nova Pro", 300_000, "IMAGE", "VIDEO"),
        ModelCard(
            id="amazon.nova-2-lite-v1:0",
            name="Nova 2 Lite (stand-in)",
            provider="Amazon",
            family=NOVA,
            context_tokens=1_000_000,
            profiles=("us", "global"),
            on_demand=False,
            input_modalities=("TEXT", "IMAGE", "VIDEO"),
        ),
        ModelCard(
            id="anthropic.claude-haiku-5-5",
            name="Claude Haiku 5.5 (stand-in)",
            provider="Anthropic",
            family=CLAUDE,
            context_tokens=200_000,
            profiles=("us", "global"),
            on_demand=False,
            temperature=1.0,
            top_p=0.99,
            one_of_both=True,
            fixed_sampling=True,
            input_modalities=("TEXT", "IMAGE"),
        ),
        ModelCard(
            id="anthropic.claude-haiku-4-5-20251001-v1:0",
            name="Claude Haiku 4.5 (stand-in)",
            provider="Anthropic",
            family=CLAUDE,
            context_tokens=200_000,
            profiles=("us",),
            on_demand=False,
            temperature=1.0,
            top_p=0.999,
            one_of_both=True,
            counts_tokens=True,
            input_modalities=("TEXT", "IMAGE"),
        ),
        ModelCard(
            id="amazon.titan-embed-text-v2:0",
            name="Titan Text Embeddings V2 (stand-in)",
            provider="Amazon",
            family=TITAN_EMBEDDING,
            context_tokens=8_192,
        ),
    )
}

END_OF_LIFE = frozenset(
    {
        "anthropic.claude-sonnet-4-20250514-v1:0",
        "anthropic.claude-3-haiku-20240307-v1:0",
        "anthropic.claude-3-5-haiku-20241022-v1:0",
        "amazon.nova-sonic-v1:0",
        "amazon.nova-canvas-v1:0",
        "amazon.nova-reel-v1:0",
        "amazon.nova-reel-v1:1",
        "amazon.titan-image-generator-v2:0",
    }
)
LEGACY = frozenset({"anthropic.claude-opus-4-1-20250805-v1:0"})
"""A new customer can't call them, and the local cloud's account is new."""


@dataclass(frozen=True)
class Profile:
    """A system-defined inference profile: "us.amazon.nova-micro-v1:0"."""

    prefix: str
    card: ModelCard

    @property
    def id(self) -> str:
        """Return its id."""
        return f"{self.prefix}.{self.card.id}"

    def arn(self, region: str, account: str) -> str:
        """Return its ARN."""
        return f"arn:aws:bedrock:{region}:{account}:inference-profile/{self.id}"

    def model_arns(self, region: str) -> list[str]:
        """Return the foundation models that it may send a request to."""
        regions = ("", region) if self.prefix == "global" else dict.fromkeys((region, *US_REGIONS))
        return [self.card.arn(each) for each in regions]


PROFILES = {
    profile.id: profile
    for profile in (Profile(prefix, card) for card in MODELS.values() for prefix in card.profiles)
}


def base_id(model_id: str) -> str:
    """Return a model's id without an ARN around it, and without a profile's prefix."""
    name = model_id.rpartition("/")[2]
    prefix, _, rest = name.partition(".")
    return rest if prefix in ("us", "eu", "apac", "global") else name
