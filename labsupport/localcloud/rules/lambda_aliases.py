"""An alias points at a version that exists, or shares its calls out between two of them.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from labsupport.localcloud.rules.refusal import Refusal, invalid_parameter


def missing(name: str, *, function_arn: str) -> Refusal:
    """Return AWS's refusal of an alias that there isn't."""
    return Refusal("ResourceNotFoundException", f"Cannot find alias arn: {function_arn}:{name}", 404)


def problem(alias: Mapping[str, Any], *, versions: Collection[str], function_arn: str) -> Refusal | None:
    """Return AWS's refusal of an alias, or None.

    Args:
        alias: as it would be: FunctionVersion, and RoutingConfig if it has one.
        versions: the function's published versions.
        function_arn: without a qualifier.
    """
    version = alias["FunctionVersion"]
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    if len(weights) > 1:
        return invalid_parameter("Number of items in AdditionalVersionWeights cannot be greater than 1")
    if version in weights:
        return invalid_parameter(
            f"Invalid function version {version}. Function version {version} is already included in routing "
            "configuration."
        )
    if weights and version == "$LATEST":
        return invalid_parameter("$LATEST is not supported for an alias pointing to more than 1 version")
    for each in (version, *weights):
        if each != "$LATEST" and each not in versions:
            return Refusal("ResourceNotFoundException", f"Function not found: {function_arn}:{each}", 404)
    return None
