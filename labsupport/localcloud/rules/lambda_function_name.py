"""A function is named by its name, its ARN or a part of the ARN, and lives in one Region.

    thumbnail                                                     name
    thumbnail:live                                                name and qualifier
    123456789012:function:thumbnail                               partial ARN
    arn:aws:lambda:us-east-1:123456789012:function:thumbnail      ARN

A name has at most 64 characters. A function of another Region is not found, and a qualifier in the name and
one beside it must agree.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

from labsupport.localcloud.rules.refusal import Refusal, invalid_parameter

LONGEST_NAME = 64
FORM = re.compile(
    r"(?:arn:[^:]+:lambda:(?P<region>[^:]+):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[^:]+)(?::(?P<qualifier>[^:]+))?"
)


class FunctionReference(NamedTuple):
    """A function as a caller names it. What is not said is None."""

    name: str
    qualifier: str | None
    account: str | None
    region: str | None

    @property
    def short(self) -> str:
        """Return "name" or "name:qualifier"."""
        return f"{self.name}:{self.qualifier}" if self.qualifier else self.name


def parse(text: str) -> FunctionReference | None:
    """Take the reference apart; None when it has no such form."""
    match = FORM.fullmatch(text)
    return FunctionReference(**match.groupdict()) if match else None


def problem(reference: FunctionReference, *, qualifier: str | None, region: str) -> Refusal | None:
    """Return AWS's refusal of a reference to a function, or None.

    Args:
        reference: as the caller gave it.
        qualifier: the Qualifier beside it, or None.
        region: where the request was sent.
    """
    if reference.region not in (None, region):
        message = f"Functions from '{reference.region}' are not reachable in this region ('{region}')"
        return Refusal("ResourceNotFoundException", message, 404)
    if reference.qualifier and qualifier and reference.qualifier != qualifier:
        return invalid_parameter(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return None


def creation_problem(reference: FunctionReference, *, account: str) -> Refusal | None:
    """Return AWS's refusal of the name of a new function, or None."""
    if reference.account not in (None, account):
        return Refusal("AccessDeniedException", "A function can't be created in another account.", 403)
    if reference.qualifier:
        return Refusal("ValidationException", f"A new function has no qualifier: {reference.short}")
    if len(reference.name) > LONGEST_NAME:
        return invalid_parameter(
            f"1 validation error detected: Value '{reference.name}' at 'functionName' failed to satisfy "
            f"constraint: Member must have length less than or equal to {LONGEST_NAME}"
        )
    return None
