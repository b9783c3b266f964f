"""A one-time schedule that was due is not due again when the local cloud is back."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labsupport.lab import Lab
from labsupport.localcloud import supervisor
from labsupport.resources.role import deploy_role
from labsupport.settings import Settings

pytestmark = pytest.mark.functional


def test_when_the_cloud_is_back_then_a_one_time_schedule_stays_delivered(tmp_path: Path) -> None:
    settings = replace(
        Settings.from_environment({}), home=tmp_path / "home", owner=f"t{uuid.uuid4().hex[:8]}"
    )
    lab = Lab("05", settings=settings)
    try:
        queue = lab.deploy_queue("queue")
        statement: Any = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue.arn}
        role = deploy_role(
            lab.target,
            lab.name("sender"),
            policy={"Version": "2012-10-17", "Statement": [statement]},
            trust="scheduler.amazonaws.com",
        )

        def schedule(name: str) -> None:
            lab.client("scheduler").create_schedule(
                Name=name,
                ScheduleExpression="at(2026-01-01T00:00:00)",
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={"Arn": queue.arn, "RoleArn": role, "Input": json.dumps(name)},
            )

        received: list[str] = []

        def has(name: str) -> bool:
            answer = lab.client("sqs").receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10)
            received.extend(json.loads(each["Body"]) for each in answer.get("Messages", []))
            return name in received

        schedule("before")
        lab.wait_until(lambda: has("before"), doing="waiting for the first message")
        supervisor.stop(settings.home)
        supervisor.start(settings.home)
        schedule("after")  # both are looked at, the older one first
        lab.wait_until(lambda: has("after"), doing="waiting for the second message")
        assert received == ["before", "after"]
    finally:
        supervisor.stop(settings.home)
