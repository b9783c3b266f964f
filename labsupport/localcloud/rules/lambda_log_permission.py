"""A function's log appears only when its execution role may write it.

Lambda writes with the execution role: `logs:CreateLogGroup` where there is no log group yet,
`logs:CreateLogStream` and `logs:PutLogEvents` in it. Without them the function runs, and what it prints is
lost; nothing says so. The same happens with a log group whose name begins with `aws/`: nobody may create it.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
"""

from __future__ import annotations

from collections.abc import Callable


def may_write(
    group_arn: str, stream_name: str, *, group_exists: bool, allows: Callable[[str, str], bool]
) -> bool:
    """Tell whether a role may write to a log stream.

    Args:
        group_arn: of the log group, without ":*" at its end.
        stream_name: the environment's log stream.
        group_exists: whether the log group is there already.
        allows: asks the role's policies for (action, resource ARN).
    """
    reserved = group_arn.split(":log-group:")[-1].startswith("aws/")
    if not group_exists and (reserved or not allows("logs:CreateLogGroup", group_arn)):
        return False
    stream_arn = f"{group_arn}:log-stream:{stream_name}"
    return allows("logs:CreateLogStream", stream_arn) and allows("logs:PutLogEvents", stream_arn)
