"""https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html"""

from __future__ import annotations

import json

import botocore.session
import pytest
from botocore.validate import validate_parameters

from labsupport.localcloud.rules import schedule
from labsupport.localcloud.rules.scheduler_dead_letter import TargetError, attributes, body

OF = {
    "events": "event-bus/b",
    "lambda": "function:f",
    "sns": "t",
    "sqs": "q",
    "states": "stateMachine:s",
}
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/q"
ERROR = TargetError("AccessDeniedException", "no")


def arn(service: str) -> str:
    return f"arn:aws:{service}:eu-west-1:123456789012:{OF[service]}"


def test_every_target_of_a_schedule_can_have_a_dead_letter() -> None:
    assert set(OF) == set(schedule.ACTIONS)


@pytest.mark.parametrize("service", OF)
def test_the_message_is_a_request_that_the_api_takes(service: str) -> None:
    told = attributes("s", arn(service), ERROR, due=0.0, execution_id="0")
    sdk_id, action = told["TARGET_ARN"].removeprefix("arn:aws:scheduler:::aws-sdk:").split(":")
    model = botocore.session.get_session().get_service_model(
        service if service != "states" else "stepfunctions"
    )
    assert model.service_id.lower() == sdk_id, "Scheduler names services by the SDK's id"
    operation = model.operation_model(action[0].upper() + action[1:])
    about = {"Arn": arn(service), "Input": '{"text": "lost"}'}
    if service == "events":
        about["EventBridgeParameters"] = {"Source": "lab", "DetailType": "d"}  # type: ignore[assignment]
    sent = json.loads(body(about, URL))
    names = {name.lower(): name for name in operation.input_shape.members}
    validate_parameters({names[name.lower()]: value for name, value in sent.items()}, operation.input_shape)
    assert "lost" in body(about, URL)


def test_the_time_is_when_the_schedule_was_due() -> None:
    told = attributes("s", arn("sqs"), ERROR, due=1652490720.9, execution_id="0")
    assert told["SCHEDULED_TIME"] == "2022-05-14T01:12:00Z"
