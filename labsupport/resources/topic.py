"""SNS topics.

https://docs.aws.amazon.com/sns/latest/dg/sns-create-topic.html
"""

from __future__ import annotations

from labsupport.resources.ownership import as_dict
from labsupport.target import Target
from labsupport.waiting import tolerate

GONE = ("NotFound", "ResourceNotFound")


def topic_arn(target: Target, name: str) -> str:
    """Return the ARN of the topic of this name."""
    return f"arn:aws:sns:{target.region}:{target.account}:{name}"


def topic_tags(target: Target, name: str) -> dict[str, str]:
    """Return a topic's tags; none if it is gone."""
    with tolerate(*GONE):
        tags = target.client("sns").list_tags_for_resource(ResourceArn=topic_arn(target, name))["Tags"]
        return as_dict(tags)
    return {}


def delete_topic(target: Target, name: str) -> None:
    """Delete a topic with its subscriptions. It may be gone already."""
    with target.tape.plumbing(), tolerate(*GONE):
        target.client("sns").delete_topic(TopicArn=topic_arn(target, name))
