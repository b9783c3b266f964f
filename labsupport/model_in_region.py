"""How a Region calls a foundation model: by the model's own id, or through an inference profile.

That differs from Region to Region, and changes. So it is asked for, and stands nowhere.

https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
"""

from __future__ import annotations

from typing import Any

from labsupport.errors import LabError
from labsupport.target import Target


def model_id(target: Target, model: str) -> str:
    """Return what a call in this Region gives as `modelId`.

    Where the model's own id can't be called, that is an inference profile's. One that stays in a part of the
    world goes before one that may send a request anywhere.

    Args:
        target: where.
        model: a foundation model's id, such as "amazon.nova-micro-v1:0"; or an inference profile's.

    Raises:
        LabError: the Region has neither.
        botocore.exceptions.ClientError: Bedrock refused to tell.
    """
    with target.tape.plumbing():
        summaries = target.client("bedrock").list_foundation_models()["modelSummaries"]
        if any(
            each["modelId"] == model and "ON_DEMAND" in each["inferenceTypesSupported"] for each in summaries
        ):
            return model
        profiles = _profiles(target)
    if model in profiles:
        return model
    through = [name for name, arns in profiles.items() if any(arn.endswith(f"/{model}") for arn in arns)]
    if not through:
        raise LabError(
            doing=f"asking how {target.region} calls the model {model}",
            cause="it lists neither the model for on-demand calls, nor an inference profile with it.",
            next_step="Put another model into the notebook's first cell, or choose another Region with "
            'LAB_REGION. `lab.client("bedrock").list_foundation_models()` tells what there is.',
        )
    return min(through, key=lambda name: (name.startswith("global."), name))


def model_arns(target: Target, model_id: str) -> list[str]:
    """Return what a policy has to allow for a call by this id. The first ARN can be called, too.

    Through an inference profile: the profile, and its model in each Region that it may send a request to.
    https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html

    Args:
        target: where.
        model_id: as `model_id` returns it.

    Raises:
        botocore.exceptions.ClientError: Bedrock refused to tell.
    """
    with target.tape.plumbing():
        own = [f"arn:aws:bedrock:{target.region}::foundation-model/{model_id}"]
        return _profiles(target).get(model_id, own)


def _profiles(target: Target) -> dict[str, list[str]]:
    """Return the system-defined inference profiles by id, each with its ARN and its models' ARNs."""
    pages = target.client("bedrock").get_paginator("list_inference_profiles").paginate()
    found: list[dict[str, Any]] = [each for page in pages for each in page["inferenceProfileSummaries"]]
    return {
        each["inferenceProfileId"]: [
            each["inferenceProfileArn"],
            *(model["modelArn"] for model in each["models"]),
        ]
        for each in found
    }
