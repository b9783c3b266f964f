"""What a request of the Lambda API is about, for IAM: a function, its version or alias, a layer's version.

Versions, aliases and layers' versions have ARNs of their own: a policy for `function:thumbnail` lets nobody
invoke `function:thumbnail:live`. ListLayerVersions is about no resource at all, though it names a layer:
a policy must allow it on "*".

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ABOUT_NOTHING = {"ListLayerVersions"}
OF_A_LAYER_VERSION = {
    "AddLayerVersionPermission",
    "DeleteLayerVersion",
    "GetLayerVersion",
    "GetLayerVersionPolicy",
    "RemoveLayerVersionPermission",
}
OF_A_VERSION_OR_ALIAS = {
    "DeleteProvisionedConcurrencyConfig",
    "GetProvisionedConcurrencyConfig",
    "Invoke",
    "InvokeWithResponseStream",
    "PutProvisionedConcurrencyConfig",
}
PARTS_WITHOUT_QUALIFIER = 7
"""Of a function's or a layer's ARN, between colons."""


def resource(operation: str, parameters: Mapping[str, Any], arn: str) -> str:
    """Return the resource that IAM is asked for.

    Args:
        operation: such as "Invoke".
        parameters: of the request.
        arn: of the function or the layer that the request names, with its qualifier if it is in the name.
    """
    if operation in ABOUT_NOTHING:
        return "*"
    qualifier = {
        **dict.fromkeys(OF_A_LAYER_VERSION, parameters.get("VersionNumber")),
        **dict.fromkeys(OF_A_VERSION_OR_ALIAS, parameters.get("Qualifier")),
    }.get(operation)
    is_whole = len(arn.split(":")) != PARTS_WITHOUT_QUALIFIER
    return arn if is_whole or qualifier is None else f"{arn}:{qualifier}"
