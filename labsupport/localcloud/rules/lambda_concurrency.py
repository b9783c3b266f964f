"""How much concurrency a function may reserve or have provisioned.

An account has 1,000 concurrent executions in a Region. Reserving takes from them, and 100 must stay for the
functions that reserve nothing. Provisioned concurrency takes from a function's reservation, or from what is
not reserved.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
"""

from __future__ import annotations

from collections.abc import Mapping

UNRESERVED_MINIMUM = 100


def reservation_problem(
    requested: int, *, elsewhere: int, provisioned: int, account_limit: int
) -> str | None:
    """Return AWS's message when a function may not reserve this much, or None.

    Args:
        requested: the reservation.
        elsewhere: what other functions have reserved.
        provisioned: what the function's versions and aliases have provisioned.
        account_limit: the account's concurrent executions.
    """
    if account_limit - elsewhere - requested < UNRESERVED_MINIMUM:
        return (
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_MINIMUM}]."
        )
    if requested < provisioned:
        return (
            f"ReservedConcurrentExecutions  {requested} should not be lower than function's total "
            f"provisioned concurrency [{provisioned}]."
        )
    return None


def provision_problem(requested: int, *, elsewhere: int, reserved: int | None, unreserved: int) -> str | None:
    """Return AWS's message when a version may not have this much provisioned, or None.

    Args:
        requested: for one version or alias.
        elsewhere: what the function's other versions and aliases have provisioned.
        reserved: the function's reservation, or None.
        unreserved: what no function of the account has reserved.
    """
    if reserved is not None and requested + elsewhere > reserved:
        return (
            "Requested Provisioned Concurrency should not be greater than the "
            "reservedConcurrentExecution for function"
        )
    if reserved is None and requested > unreserved:
        return (
            "Specified ConcurrentExecutions for function is greater than account's unreserved "
            f"concurrency [{unreserved}]."
        )
    if reserved is None and requested > unreserved - UNRESERVED_MINIMUM:
        return (
            "Specified ConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_MINIMUM}]."
        )
    return None


def choose_version(primary: str, weights: Mapping[str, float], draw: float) -> str:
    """Return the version that serves an invocation of a weighted alias.

    Args:
        primary: the version that the alias points at.
        weights: {another version: its share, 0 to 1}.
        draw: a random number, 0 to 1.

    https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
    """
    for version, weight in weights.items():
        if draw < weight:
            return version
        draw -= weight
    return primary
