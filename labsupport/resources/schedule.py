"""EventBridge Scheduler's schedules: what is invoked at a time, or every so often.

A schedule carries no tags (its group does), so whose it is tells its name.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule.html
"""

from __future__ import annotations

from labsupport.target import Target
from labsupport.waiting import tolerate


def delete_schedule(target: Target, name_and_group: str) -> None:
    """Delete a schedule, named "name:group". It may be gone already."""
    name, group = name_and_group.rsplit(":", 1)
    with target.tape.plumbing(), tolerate("ResourceNotFoundException"):
        target.client("scheduler").delete_schedule(Name=name, GroupName=group)
