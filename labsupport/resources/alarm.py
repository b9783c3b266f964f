"""CloudWatch alarms. Each is paid for by the month, whether it ever goes off or not.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

from __future__ import annotations

from labsupport.resources.ownership import as_dict
from labsupport.target import Target
from labsupport.waiting import tolerate

GONE = ("ResourceNotFound", "ResourceNotFoundException")


def alarm_tags(target: Target, arn: str) -> dict[str, str]:
    """Return an alarm's tags; none if it is gone."""
    with tolerate(*GONE):
        return as_dict(target.client("cloudwatch").list_tags_for_resource(ResourceARN=arn)["Tags"])
    return {}


def delete_alarm(target: Target, name: str) -> None:
    """Delete an alarm. It may be gone already."""
    with target.tape.plumbing(), tolerate(*GONE):
        target.client("cloudwatch").delete_alarms(AlarmNames=[name])
