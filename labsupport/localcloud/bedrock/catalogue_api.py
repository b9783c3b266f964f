"""Bedrock's control plane over models: which foundation models and inference profiles there are.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labsupport.localcloud.bedrock.errors import BedrockError
from labsupport.localcloud.bedrock.resolution import resolve
from labsupport.localcloud.bedrock.runtime import Caller
from labsupport.localcloud.models import catalogue
from labsupport.localcloud.models.catalogue import ModelCard, Profile
from labsupport.localcloud.rules import model_constraints
from labsupport.localcloud.service_api import ApiCall

# AWS's pages give the launch of Haiku 5.5 only. The others' times are the lab's.
PROFILES_SINCE = "2026-10-07T00:00:00Z"


def answer(call: ApiCall, caller: Caller) -> dict[str, Any] | None:
    """Return the body of an answer, or None for an operation that is not about models.

    Raises:
        BedrockError: the request is refused.
    """
    operation = OPERATIONS.get(call.name)
    if operation is None:
        return None
    if refusal := model_constraints.refusal(call.operation.input_shape, call.parameters):
        raise BedrockError("ValidationException", refusal.message)
    return operation(call.parameters, caller)


def _list_models(asked: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    found = [_summary(card, caller) for card in catalogue.MODELS.values()]
    wanted: dict[str, Callable[[dict[str, Any], str], bool]] = {
        "byProvider": lambda model, value: model["providerName"].lower() == value.lower(),
        "byOutputModality": lambda model, value: value in model["outputModalities"],
        "byInferenceType": lambda model, value: value in model["inferenceTypesSupported"],
        "byCustomizationType": lambda model, value: value in model["customizationsSupported"],
    }
    tests = [(wanted[name], value) for name, value in asked.items() if name in wanted]
    return {"modelSummaries": [each for each in found if all(fits(each, value) for fits, value in tests)]}


def _get_model(asked: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    target = _known(str(asked["modelIdentifier"]), caller)
    return {"modelDetails": _summary(target.card, caller)}


def _list_profiles(asked: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    of_the_system = asked.get("typeEquals", "SYSTEM_DEFINED") == "SYSTEM_DEFINED"
    profiles = catalogue.PROFILES.values() if of_the_system else ()
    return {"inferenceProfileSummaries": [_profile(each, caller) for each in profiles]}


def _get_profile(asked: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    target = _known(str(asked["inferenceProfileIdentifier"]), caller)
    if target.profile is None:
        raise BedrockError("ResourceNotFoundException", "The inference profile was not found.")
    return _profile(target.profile, caller)


def _known(identifier: str, caller: Caller) -> Any:
    try:
        return resolve(identifier, region=caller.region, account=caller.account)
    except BedrockError as error:
        if error.code == "ResourceNotFoundException":
            raise
        raise BedrockError(
            "ResourceNotFoundException",
            "Could not resolve the foundation model from the provided model identifier.",
        ) from error


def _summary(card: ModelCard, caller: Caller) -> dict[str, Any]:
    return {
        "modelArn": card.arn(caller.region),
        "modelId": card.id,
        "modelName": card.name,
        "providerName": card.provider,
        "inputModalities": list(card.input_modalities),
        "outputModalities": ["TEXT" if card.is_chat else "EMBEDDING"],
        "responseStreamingSupported": card.is_chat,
        "customizationsSupported": [],
        "inferenceTypesSupported": [
            *(["ON_DEMAND"] if card.is_on_demand(caller.region) else []),
            *(["INFERENCE_PROFILE"] if card.profiles else []),
        ],
        "modelLifecycle": {"status": "ACTIVE"},
    }


def _profile(profile: Profile, caller: Caller) -> dict[str, Any]:
    return {
        "inferenceProfileName": f"{profile.prefix.upper()} {profile.card.name}",
        "description": f"Routes requests to {profile.card.name}. The local cloud has one Region.",
        "createdAt": PROFILES_SINCE,
        "updatedAt": PROFILES_SINCE,
        "inferenceProfileArn": profile.arn(caller.region, caller.account),
        "models": [{"modelArn": arn} for arn in profile.model_arns(caller.region)],
        "inferenceProfileId": profile.id,
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }


OPERATIONS: dict[str, Callable[[Mapping[str, Any], Caller], dict[str, Any]]] = {
    "ListFoundationModels": _list_models,
    "GetFoundationModel": _get_model,
    "ListInferenceProfiles": _list_profiles,
    "GetInferenceProfile": _get_profile,
}
