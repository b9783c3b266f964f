"""A function has at most five layers, and one version of each.

That a layer exists, and that the function's package and its layers have 250 MB together, is asked of the
layers themselves, after this.

https://docs.aws.amazon.com/lambda/latest/dg/adding-layers.html
"""

from __future__ import annotations

from collections.abc import Sequence

from labsupport.localcloud.rules.refusal import Refusal, invalid_parameter

MOST_LAYERS = 5


def problem(layer_version_arns: Sequence[str]) -> Refusal | None:
    """Return AWS's refusal of a function's layers, or None."""
    if len(layer_version_arns) > MOST_LAYERS:
        return invalid_parameter(f"Cannot reference more than {MOST_LAYERS} layers.")
    seen: dict[str, str] = {}
    for arn in layer_version_arns:
        layer = arn.rpartition(":")[0]
        if layer in seen:
            return invalid_parameter(
                "Two different versions of the same layer are not allowed to be referenced in the same "
                f"function. {seen[layer]} and {arn} are versions of the same layer."
            )
        seen[layer] = arn
    return None
