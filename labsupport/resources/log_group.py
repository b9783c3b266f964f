"""Log groups: Lambda makes one for a function at its first log line, and never deletes it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/WhatIsCloudWatchLogs.html
"""

from __future__ import annotations

from labsupport.target import Target
from labsupport.waiting import tolerate


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
