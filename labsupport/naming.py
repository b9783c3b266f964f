"""Names and tags of what the lab builds. They are how the lab finds its own things again.

Every name is `lab-<owner>-<thing>`, and every resource that can carry tags carries the lab's. Nothing else is
remembered: the inventory and the teardown ask the cloud for this prefix and these tags.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

from labsupport.errors import LabError

LAB_TAG = "serverless-lab"
ANYBODYS_PREFIX = "lab-"
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"  # of the tag lab-expires, in UTC
API_LOG_GROUPS = "/aws/apigateway/"  # what the lab's access logs begin with
MAX_NAME_LENGTH = 63  # of an S3 bucket, the shortest limit among the services that the lab uses


def resource_name(owner: str, thing: str) -> str:
    """Return `lab-<owner>-<thing>`, a name that every AWS service accepts.

    Raises:
        LabError: the thing has other characters than a-z, 0-9 and single hyphens, or the name is too long.
    """
    name = name_prefix(owner) + thing
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", thing):
        raise _bad_name(thing, "it may have only lower-case letters, digits and single hyphens between them.")
    if len(name) > MAX_NAME_LENGTH:
        raise _bad_name(thing, f"{name!r} has {len(name)} characters, and S3 allows {MAX_NAME_LENGTH}.")
    return name


def name_prefix(owner: str) -> str:
    """Return the prefix that all names of this owner share."""
    return f"lab-{owner}-"


def log_group_name(function_name: str) -> str:
    """Return the log group that Lambda writes a function's logs to."""
    return f"/aws/lambda/{function_name}"


def owner_in(name: str) -> str | None:
    """Return the owner that a name, or the name of a log group, says; None if it isn't one of the lab's."""
    found = re.match(r"(?:/aws/(?:lambda|apigateway)/)?lab-([a-z0-9]{1,12})-.", name)
    return found[1] if found else None


def is_ours(name: str, owner: str) -> bool:
    """Tell whether a name, or the name of a function's log group, belongs to this owner."""
    return name.removeprefix("/aws/lambda/").startswith(name_prefix(owner))


def owner_of(account: str, user: str) -> str:
    """Return the owner of the names: 8 hex digits, the same for the same user of the same account."""
    return hashlib.sha256(f"{account}/{user}".encode()).hexdigest()[:8]


def tags(owner: str, notebook: str, *, expires: datetime) -> dict[str, str]:
    """Return the tags of what a notebook builds.

    Args:
        owner: whose it is.
        notebook: its number, such as "05", or "".
        expires: after this time an instructor may delete it.
    """
    until = expires.astimezone(UTC).strftime(TIME_FORMAT)
    return {"lab": LAB_TAG, "lab-owner": owner, "lab-notebook": notebook, "lab-expires": until}


def expires(resource_tags: dict[str, str]) -> datetime | None:
    """Return the time after which a resource may be deleted, or None where its tags don't tell."""
    try:
        return datetime.strptime(resource_tags.get("lab-expires", ""), TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:  # somebody else's idea of a time
        return None


def has_our_tags(resource_tags: dict[str, str], owner: str) -> bool:
    """Tell whether a resource's tags say that the lab built it for this owner."""
    return resource_tags.get("lab") == LAB_TAG and resource_tags.get("lab-owner") == owner


def _bad_name(thing: str, cause: str) -> LabError:
    return LabError(doing=f"naming {thing!r}", cause=cause, next_step="Choose another name.")
