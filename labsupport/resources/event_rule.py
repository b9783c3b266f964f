"""EventBridge rules of the default event bus: what is sent where, for events of a pattern or by a schedule.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
"""

from __future__ import annotations

from labsupport.resources.ownership import as_dict
from labsupport.target import Target
from labsupport.waiting import tolerate

GONE = "ResourceNotFoundException"


def rule_tags(target: Target, arn: str) -> dict[str, str]:
    """Return a rule's tags; none if it is gone."""
    with tolerate(GONE):
        return as_dict(target.client("events").list_tags_for_resource(ResourceARN=arn)["Tags"])
    return {}


def delete_rule(target: Target, name: str) -> None:
    """Take the targets from a rule, without which EventBridge deletes none, and delete it."""
    client = target.client("events")
    with target.tape.plumbing():
        with tolerate(GONE):
            pages = client.get_paginator("list_targets_by_rule").paginate(Rule=name)
            for ids in [[each["Id"] for each in page["Targets"]] for page in pages]:
                if ids:
                    client.remove_targets(Rule=name, Ids=ids)
        with tolerate(GONE):
            client.delete_rule(Name=name)
