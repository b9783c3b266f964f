"""What instructors sweep an account for: whose things there are, and which have expired.

An owner's things go together, once the last of them has expired: a role that is a day old may be the one that
a function of this morning runs with.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from labsupport.found import Resources
from labsupport.inventory import inventory_of_all
from labsupport.settings import DEFAULT_EXPIRES_HOURS
from labsupport.target import Target


def by_owner(target: Target) -> dict[str, Resources]:
    """Return what the lab has built in this account and Region, by owner, in the order of deletion."""
    found: dict[str, Resources] = {}
    for resource in inventory_of_all(target):
        found.setdefault(resource.owner, Resources()).append(resource)
    return dict(sorted(found.items()))


def expires(resources: Resources) -> datetime | None:
    """Return when the last of an owner's things expires; None where nothing tells.

    Where none of them has a tag that says so, that is as long after their creation as things usually have.
    """
    if told := [resource.expires for resource in resources if resource.expires]:
        return max(told)
    created = [resource.created for resource in resources if resource.created]
    return max(created) + timedelta(hours=DEFAULT_EXPIRES_HOURS) if created else None


def expired(found: Mapping[str, Resources], now: datetime | None = None) -> dict[str, Resources]:
    """Return those owners' things of which the last has expired."""
    now = now or datetime.now(UTC)
    ends = {owner: expires(resources) for owner, resources in found.items()}
    return {owner: found[owner] for owner, end in ends.items() if end is not None and end <= now}
