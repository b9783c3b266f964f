"""The Invoke API through boto3: what the caller is told.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

SOURCE = """
    import boto3, os
    calls = []
    def handler(event, context):
        calls.append(event)
        print("x" * event.get("letters", 0), "said", event.get("word"))
        if event.get("fail"):
            raise ValueError("as told")
        if event.get("who"):
            return boto3.client("sts").get_caller_identity()["Arn"]
        return {"id": context.aws_request_id, "calls": len(calls), "setting": os.environ.get("SETTING")}
"""
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["logs:*"], "Resource": "*"}],
}


@pytest.fixture
def function(lab: Lab) -> str:
    role = lab.deploy_role("told", policy=POLICY)
    lab.deploy_function(
        "told",
        code=archive(app=SOURCE),
        handler="app.handler",
        role_arn=role,
        memory_mb=1769,
        timeout_seconds=20,
    )
    return lab.name("told")


def invoke(lab: Lab, function: str, event: Any, **arguments: Any) -> tuple[dict[str, Any], Any]:
    answer = lab.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event), **arguments)
    payload = answer["Payload"].read()
    return answer, json.loads(payload) if payload else None


def test_the_request_id_of_the_answer_is_the_functions_and_the_logs(lab: Lab, function: str) -> None:
    answer, payload = invoke(lab, function, {})
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert payload["id"] == request_id
    assert any(event.message.startswith(f"REPORT RequestId: {request_id}") for event in lab.logs("told"))


def test_a_failing_handler_is_a_200_with_function_error(lab: Lab, function: str) -> None:
    answer, payload = invoke(lab, function, {"fail": True})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "as told")
    answer, _ = invoke(lab, function, {})
    assert (answer["StatusCode"], answer.get("FunctionError")) == (200, None)


def test_tail_is_the_last_four_kilobytes_of_the_log_in_base64(lab: Lab, function: str) -> None:
    answer, _ = invoke(lab, function, {"letters": 10_000, "word": "this"}, LogType="Tail")
    tail = base64.b64decode(answer["LogResult"])
    assert len(tail) == 4096
    assert b" said this\n" in tail and tail.splitlines()[-1].startswith(b"REPORT RequestId: ")
    answer, _ = invoke(lab, function, {})
    assert "LogResult" not in answer


def test_a_dry_run_checks_and_runs_nothing(lab: Lab, function: str) -> None:
    answer, payload = invoke(lab, function, {}, InvocationType="DryRun")
    assert (answer["StatusCode"], payload) == (204, None)
    _, payload = invoke(lab, function, {})
    assert payload["calls"] == 1


def test_an_asynchronous_caller_gets_202_and_no_payload(lab: Lab, function: str) -> None:
    answer, payload = invoke(lab, function, {"fail": True}, InvocationType="Event")
    assert (answer["StatusCode"], payload, answer.get("FunctionError")) == (202, None, None)


@pytest.mark.parametrize("arguments", [{"FunctionName": "nobody"}, {"Qualifier": "7"}])
def test_a_function_or_a_version_that_is_missing_is_a_404(
    lab: Lab, function: str, arguments: dict[str, str]
) -> None:
    with pytest.raises(ClientError) as caught:
        lab.client("lambda").invoke(**{"FunctionName": function, **arguments})
    response = caught.value.response
    assert response["Error"]["Code"] == "ResourceNotFoundException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_the_function_acts_as_its_execution_role(lab: Lab, function: str) -> None:
    _, arn = invoke(lab, function, {"who": True})
    assert arn.startswith(f"arn:aws:sts::{lab.account}:assumed-role/{lab.name('told')}/")


def test_a_changed_setting_takes_a_new_environment(lab: Lab, function: str) -> None:
    _, before = invoke(lab, function, {})
    client = lab.client("lambda")
    client.update_function_configuration(FunctionName=function, Environment={"Variables": {"SETTING": "new"}})
    client.get_waiter("function_updated_v2").wait(FunctionName=function)
    _, after = invoke(lab, function, {})
    assert (before["setting"], after["setting"], after["calls"]) == (None, "new", 1)


def test_another_runtime_is_refused_in_words(lab: Lab, function: str) -> None:
    client = lab.client("lambda")
    client.update_function_configuration(FunctionName=function, Runtime="java21")
    client.get_waiter("function_updated_v2").wait(FunctionName=function)
    answer, payload = invoke(lab, function, {})
    assert (answer["FunctionError"], payload["errorType"]) == ("Unhandled", "Lab.Unsupported")
    assert "java21" in payload["errorMessage"]
