"""A runtime that AWS doesn't know, or no longer takes, is refused.

A deprecated runtime goes on for a while: first it gets no more patches, months later it can't be given to a
new function, and then to no function. AWS moves these dates often. So no date is checked, and the runtimes
listed here are those that AWS has stopped to take long ago. python3.10 is deprecated since 31 October 2026,
and AWS takes it until 1 February 2027.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

from collections.abc import Sequence

from labsupport.localcloud.rules.refusal import Refusal, invalid_parameter

BLOCKED = frozenset(
    {
        "dotnetcore1.0",
        "dotnetcore2.0",
        "dotnetcore2.1",
        "dotnetcore3.1",
        "go1.x",
        "java8",
        "nodejs",
        "nodejs10.x",
        "nodejs12.x",
        "nodejs14.x",
        "nodejs4.3",
        "nodejs4.3-edge",
        "nodejs6.10",
        "nodejs8.10",
        "provided",
        "python2.7",
        "python3.6",
        "python3.7",
        "ruby2.5",
        "ruby2.7",
    }
)


def problem(runtime: str, known: Sequence[str]) -> Refusal | None:
    """Return AWS's refusal of a function's runtime, or None.

    Args:
        runtime: such as "python3.11".
        known: all that AWS's service model names, old ones too.
    """
    if runtime in BLOCKED:
        return invalid_parameter(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda "
            "functions. We recommend you use a supported runtime while creating or updating functions."
        )
    if runtime not in known:
        supported = ", ".join(each for each in known if each not in BLOCKED)
        return invalid_parameter(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{supported}] or be a valid ARN"
        )
    return None
