"""Only what the lab tagged is changed or deleted: a stranger's resource of the same name is left alone."""

from __future__ import annotations

from labsupport import naming
from labsupport.errors import DeployError
from labsupport.target import Target


def require_ours(target: Target, thing: str, tags: dict[str, str]) -> None:
    """Refuse to touch an existing resource without this owner's tags.

    Raises:
        DeployError: the tags are missing or name another owner.
    """
    if not naming.has_our_tags(tags, target.owner):
        raise DeployError(
            doing=f"deploying the {thing}",
            cause="it exists already, and the lab's tags are not on it: somebody else built it.",
            next_step="Delete or rename it yourself, or set LAB_OWNER to another name for your things.",
        )


def as_dict(tag_list: list[dict[str, str]]) -> dict[str, str]:
    """Return AWS's list of Key and Value pairs as a dict."""
    return {tag["Key"]: tag["Value"] for tag in tag_list}


def as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Return tags as AWS's list of Key and Value pairs."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
