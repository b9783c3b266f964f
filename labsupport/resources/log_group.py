"""Log groups: Lambda makes one for a function at its first log line, and never deletes it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/WhatIsCloudWatchLogs.html
"""

from __future__ import annotations

from dataclasses import dataclass

from labsupport.target import Target
from labsupport.waiting import tolerate


@dataclass(frozen=True)
class LogGroupDescription:
    """Name a log group in the two ways that AWS asks for."""

    name: str
    arn: str


def deploy_log_group(target: Target, name: str) -> LogGroupDescription:
    """Create a log group if it isn't there: Lambda makes its own, API Gateway's access logs need one."""
    with target.tape.plumbing(), tolerate("ResourceAlreadyExistsException"):
        target.client("logs").create_log_group(logGroupName=name, tags=target.tags())
    return LogGroupDescription(name, f"arn:aws:logs:{target.region}:{target.account}:log-group:{name}")


def delete_log_group(target: Target, name: str) -> None:
    """Delete a log group with its log streams."""
    with target.tape.plumbing(), tolerate("ResourceNotFoundException"):
        target.client("logs").delete_log_group(logGroupName=name)


def delete_log_groups(target: Target, prefix: str) -> None:
    """Delete all log groups whose names begin like this."""
    with target.tape.plumbing():
        pages = target.client("logs").get_paginator("describe_log_groups")
        for page in pages.paginate(logGroupNamePrefix=prefix):
            for group in page["logGroups"]:
                delete_log_group(target, group["logGroupName"])
