"""Find the model that a modelId means: an id, the id of an inference profile, or the ARN of either.

https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-use.html
"""

from __future__ import annotations

from dataclasses import dataclass

from labsupport.localcloud.bedrock import errors
from labsupport.localcloud.bedrock.errors import BedrockError, invalid
from labsupport.localcloud.models import catalogue
from labsupport.localcloud.models.catalogue import ModelCard, Profile


@dataclass(frozen=True)
class Target:
    """A model, the Region that is asked, and the profile that it is called through."""

    card: ModelCard
    region: str
    profile: Profile | None = None

    @property
    def model_id(self) -> str:
        """Return the id that metrics and quotas go by: the one that was called."""
        return self.profile.id if self.profile else self.card.id

    def arns(self, region: str, account: str) -> list[str]:
        """Return the resources that the caller needs permission for.

        Through a profile: the profile, and its model in each Region that it may send a request to.
        https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
        """
        if self.profile is None:
            return [self.card.arn(region)]
        return [self.profile.arn(region, account), *self.profile.model_arns(region)]


def resolve(model_id: str, *, region: str, account: str) -> Target:
    """Return what a modelId means.

    Raises:
        BedrockError: there is no such model, it is retired, or it needs a profile.
    """
    name = _own_name(model_id, region, account)
    if name in catalogue.PROFILES:
        profile = catalogue.PROFILES[name]
        return Target(profile.card, region, profile)
    card = catalogue.MODELS.get(name)
    if card is None:
        raise _unknown(name)
    return Target(card, region)


def needs_profile(target: Target) -> BedrockError | None:
    """Return the refusal of a model that is called by its own id and can't be, in its Region."""
    if target.profile or target.card.is_on_demand(target.region):
        return None
    return invalid(
        f"Invocation of model ID {target.card.id} with on-demand throughput isn\u2019t supported. Retry your "
        "request with the ID or ARN of an inference profile that contains this model."
    )


def _own_name(model_id: str, region: str, account: str) -> str:
    if not model_id.startswith("arn:"):
        return model_id
    _, _, service, arn_region, arn_account, resource = model_id.split(":", 5)
    kind, _, name = resource.partition("/")
    owner = {"foundation-model": "", "inference-profile": account}.get(kind)
    if (service, arn_region, arn_account) != ("bedrock", region, owner):
        raise invalid(errors.INVALID_MODEL)
    return name


def _unknown(name: str) -> BedrockError:
    own = catalogue.base_id(name)
    if own in catalogue.END_OF_LIFE:
        return BedrockError("ResourceNotFoundException", errors.END_OF_LIFE)
    if own in catalogue.LEGACY:
        return BedrockError("ResourceNotFoundException", errors.LEGACY)
    return invalid(errors.INVALID_MODEL)
