"""A teardown that is killed half-way, an invocation that ends after it: run again, and nothing is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.inventory import inventory
from labsupport.localcloud.record import CloudRecord
from labsupport.packaging import zip_files
from labsupport.resources.function import deploy_function
from labsupport.resources.queue import deploy_queue, wait_for_message
from labsupport.resources.role import deploy_role
from labsupport.settings import Settings
from labsupport.target import Target
from labsupport.teardown import teardown
from labsupport.waiting import wait_until
from tests.account import everything_on
from tests.checkout import Checkout
from tests.one_of_each import POLICY, build_one_of_each

pytestmark = pytest.mark.functional

KILLED_AFTER = (1, 3, 5, 6, 4)
"""How many deletions each teardown is allowed before it is killed."""
LATE = b"""
import os, time
import boto3

def handler(event, context):
    sqs, queue = boto3.client("sqs"), os.environ["QUEUE"]
    sqs.send_message(QueueUrl=queue, MessageBody="begun")
    try:
        while True:
            sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
            time.sleep(0.1)
    except sqs.exceptions.ClientError:
        print("late")
"""
"""It ends when its queue is deleted. That is nobody's queue, so it outlives the teardown."""


def left_of(target: Target) -> list[str]:
    """Ask AWS's own APIs, and not the inventory, what there is with the owner in its name."""
    return [each for each in everything_on(target) if target.owner in each]


def test_a_teardown_that_is_killed_again_and_again_goes_on_where_it_stopped(
    cloud: CloudRecord, settings: Settings, target: Target, tmp_path: Path
) -> None:
    checkout = Checkout(tmp_path, home=settings.home, owner=settings.owner)
    build_one_of_each(target)
    found = [len(inventory(target))]
    for deletions in KILLED_AFTER:
        with checkout.start("teardown") as process:
            assert process.stdout is not None
            deleted = (line for line in process.stdout if line.startswith("Deleted"))
            for _ in range(deletions):
                assert next(deleted)
            process.kill()
        found.append(len(inventory(target)))
    assert found == sorted(found, reverse=True) and found[-1] > 0, "or nothing was interrupted"
    last = checkout.lab("teardown")
    assert (last.returncode, last.stdout.splitlines()[-1].partition(". ")[2]) == (
        0,
        "Nothing of the lab is left.",
    )
    assert [inventory(target), inventory(target), left_of(target)] == [[], [], []]


def test_a_log_group_that_a_late_invocation_makes_is_found_by_the_next_teardown(target: Target) -> None:
    name = f"lab-{target.owner}-late"
    role_arn = deploy_role(target, name, policy=POLICY)
    code, queue = zip_files({"handler.py": LATE}), deploy_queue(target, f"until-{target.owner}-is-done")
    options: dict[str, Any] = {"timeout_seconds": 60, "environment": {"QUEUE": queue.url}}
    deploy_function(target, name, code=code, role_arn=role_arn, **options)
    target.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    wait_for_message(target, queue, containing="begun", timeout_seconds=60)

    def deny(**_: Any) -> None:  # a role that stays is what lets a late invocation write
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not today"}}, "DeleteRolePolicy")

    events = target.client("iam").meta.events
    events.register("before-call.iam.DeleteRolePolicy", deny)
    try:
        assert [each.kind for each in teardown(target, late_log_seconds=0).left] == ["role"]
    finally:
        events.unregister("before-call.iam.DeleteRolePolicy", deny)
    target.client("sqs").delete_queue(QueueUrl=queue.url)
    wait_until(lambda: written(target, name, "late"), doing="waiting for the invocation to end")
    assert [each.kind for each in inventory(target)] == ["role", "log group"]
    assert teardown(target, late_log_seconds=0).is_clean
    assert [inventory(target), inventory(target), left_of(target)] == [[], [], []]


def written(target: Target, function: str, text: str) -> bool:
    try:
        answer = target.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")
    except target.client("logs").exceptions.ResourceNotFoundException:
        return False
    return any(text in event["message"] for event in answer["events"])
