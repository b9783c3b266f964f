"""Reserved and provisioned concurrency, and weighted aliases, through boto3.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
"""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.localcloud import supervisor
from labsupport.settings import Settings
from labsupport.waiting import wait_until
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

CODE = archive(
    app="""
        import os, time, uuid
        me = str(uuid.uuid4())
        def handler(event, context):
            time.sleep(event.get("seconds", 0))
            return [me, os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], context.function_version]
    """
)
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
}


def deploy(lab: Lab) -> str:
    """Deploy a function with version 1; returns its name."""
    role = lab.deploy_role("busy", policy=POLICY)
    lab.deploy_function("busy", code=CODE, handler="app.handler", role_arn=role, memory_mb=1769)
    name = lab.name("busy")
    lab.client("lambda").publish_version(FunctionName=name)
    return name


@pytest.fixture
def function(lab: Lab) -> str:
    return deploy(lab)


def refusal(call: Any, **arguments: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    error = response["Error"]
    return error["Code"], error["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def burst(lab: Lab, name: str, calls: int, seconds: float = 0.5, **arguments: Any) -> list[Any]:
    """Invoke at the same time; a refused call gives its Reason."""
    client = lab.client("lambda", retries={"total_max_attempts": 1})

    def one(_: int) -> Any:
        payload = json.dumps({"seconds": seconds}).encode()
        try:
            return json.load(client.invoke(FunctionName=name, Payload=payload, **arguments)["Payload"])
        except client.exceptions.TooManyRequestsException as error:
            return error.response["Reason"]

    with ThreadPoolExecutor(calls) as threads:
        return list(threads.map(one, range(calls)))


def put_provisioned(lab: Lab, name: str, qualifier: str, count: int) -> dict[str, Any]:
    """Ask for provisioned concurrency and wait until it is decided."""
    client = lab.client("lambda")
    client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )
    return wait_until_decided(lab, name, qualifier)


def wait_until_decided(lab: Lab, name: str, qualifier: str) -> dict[str, Any]:
    client = lab.client("lambda")

    def settled() -> dict[str, Any] | None:
        config = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
        return config if config["Status"] != "IN_PROGRESS" else None

    return wait_until(settled, doing="waiting for provisioned concurrency", timeout_seconds=30, next_step="-")


def test_each_simultaneous_call_has_an_environment_of_its_own(lab: Lab, function: str) -> None:
    answers = burst(lab, function, 4)
    assert len({environment for environment, _, _ in answers}) == 4


def test_calls_above_the_reservation_are_refused(lab: Lab, function: str) -> None:
    lab.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=2)
    answers = burst(lab, function, 5, seconds=1.5)
    refused = [answer for answer in answers if isinstance(answer, str)]
    assert refused == ["ReservedFunctionConcurrentInvocationLimitExceeded"] * 3


def test_a_reservation_of_zero_stops_the_function(lab: Lab, function: str) -> None:
    client = lab.client("lambda")
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    once = lab.client("lambda", retries={"total_max_attempts": 1})
    assert refusal(once.invoke, FunctionName=function) == ("TooManyRequestsException", "Rate Exceeded.", 429)
    client.delete_function_concurrency(FunctionName=function)
    assert not lab.invoke("busy", {}).failed


def test_events_for_a_stopped_function_go_to_the_failure_destination_at_once(lab: Lab) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html."""
    queue, client = lab.deploy_queue("failed"), lab.client("lambda")
    statements = [*POLICY["Statement"], {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]
    role = lab.deploy_role("busy", policy={**POLICY, "Statement": statements})
    lab.deploy_function("busy", code=CODE, handler="app.handler", role_arn=role)
    lab.on_failure("busy", queue.arn, retries=2)
    client.put_function_concurrency(FunctionName=lab.name("busy"), ReservedConcurrentExecutions=0)
    answer = client.invoke(FunctionName=lab.name("busy"), InvocationType="Event", Payload=b"{}")
    request_id = answer["ResponseMetadata"]["RequestId"]
    record = lab.wait_for_message(queue, containing=request_id, timeout_seconds=20).json()
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"


def test_one_hundred_stay_unreserved(lab: Lab, function: str) -> None:
    client = lab.client("lambda")
    limit = client.get_account_settings()["AccountLimit"]
    assert limit["ConcurrentExecutions"] == 1000
    left = limit["UnreservedConcurrentExecutions"]
    code, message, status = refusal(
        client.put_function_concurrency, FunctionName=function, ReservedConcurrentExecutions=left - 99
    )
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert "UnreservedConcurrentExecution below its minimum value of [100]" in message
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=left - 100)
    after = client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    client.delete_function_concurrency(FunctionName=function)
    assert after == 100


def test_provisioned_environments_are_ready_before_the_call(lab: Lab, function: str) -> None:
    started = lab.client("lambda").put_provisioned_concurrency_config(
        FunctionName=function, Qualifier="1", ProvisionedConcurrentExecutions=2
    )
    assert started["Status"] == "IN_PROGRESS"
    config = put_provisioned(lab, function, "1", 2)
    assert config["Status"] == "READY"
    assert config["AllocatedProvisionedConcurrentExecutions"] == 2
    first = lab.invoke("busy", {}, qualifier="1")
    assert first.result[1:] == ["provisioned-concurrency", "1"]
    assert first.report is not None and first.report.init_ms is None, "nobody waited for an Init phase"
    reports = [event.message for event in lab.logs("busy") if event.message.startswith("INIT_REPORT")]
    assert len(reports) >= 2 and all("Status: success" in report for report in reports)


def test_calls_beyond_the_provisioned_ones_spill_over_to_on_demand(lab: Lab, function: str) -> None:
    put_provisioned(lab, function, "1", 2)
    answers = burst(lab, function, 4, Qualifier="1")
    assert Counter(kind for _, kind, _ in answers) == {"provisioned-concurrency": 2, "on-demand": 2}


def test_the_unpublished_version_uses_none_of_them(lab: Lab, function: str) -> None:
    put_provisioned(lab, function, "1", 1)
    assert lab.invoke("busy", {}).result[1:] == ["on-demand", "$LATEST"]


def test_an_alias_has_its_versions_environments(lab: Lab, function: str) -> None:
    client = lab.client("lambda")
    client.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    put_provisioned(lab, function, "live", 1)
    assert lab.invoke("busy", {}, qualifier="live").result[1] == "provisioned-concurrency"
    client.delete_provisioned_concurrency_config(FunctionName=function, Qualifier="live")
    assert lab.invoke("busy", {}, qualifier="live").result[1] == "on-demand"


def test_a_changed_number_is_served_and_listed(lab: Lab, function: str) -> None:
    put_provisioned(lab, function, "1", 1)
    put_provisioned(lab, function, "1", 3)
    listed = lab.client("lambda").list_provisioned_concurrency_configs(FunctionName=function)
    [config] = listed["ProvisionedConcurrencyConfigs"]
    assert config["RequestedProvisionedConcurrentExecutions"] == 3
    assert config["FunctionArn"].endswith(f"{function}:1")


def test_a_failing_init_fails_the_provisioning(lab: Lab, function: str) -> None:
    client = lab.client("lambda")
    client.update_function_code(FunctionName=function, ZipFile=archive(app="import nothing_of_this_name"))
    client.get_waiter("function_updated_v2").wait(FunctionName=function)
    version = client.publish_version(FunctionName=function)["Version"]
    config = put_provisioned(lab, function, version, 1)
    assert config["Status"] == "FAILED"
    assert "FUNCTION_ERROR_INIT_FAILURE" in config["StatusReason"]


@pytest.mark.parametrize(
    ("qualifier", "count", "code", "message"),
    [
        (
            "$LATEST",
            1,
            "InvalidParameterValueException",
            "cannot be applied to unpublished function versions",
        ),
        ("1", 0, "ValidationException", "greater than or equal to 1"),
        ("1", 6, "InvalidParameterValueException", "should not be greater than the reservedConcurrentExec"),
        ("7", 1, "ResourceNotFoundException", "not found"),
    ],
)
def test_wrong_provisioning_is_refused(
    lab: Lab, function: str, qualifier: str, count: int, code: str, message: str
) -> None:
    client = lab.client("lambda", parameter_validation=False)
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=5)
    found, text, _ = refusal(
        client.put_provisioned_concurrency_config,
        FunctionName=function,
        Qualifier=qualifier,
        ProvisionedConcurrentExecutions=count,
    )
    assert found == code
    assert message.lower() in text.lower()


def test_a_missing_configuration_is_not_found(lab: Lab, function: str) -> None:
    code, _, status = refusal(
        lab.client("lambda").get_provisioned_concurrency_config, FunctionName=function, Qualifier="1"
    )
    assert (code, status) == ("ProvisionedConcurrencyConfigNotFoundException", 404)


def test_a_weighted_alias_shares_its_calls_out(lab: Lab, function: str) -> None:
    client = lab.client("lambda")
    client.update_function_configuration(FunctionName=function, Description="the second version")
    client.get_waiter("function_updated_v2").wait(FunctionName=function)
    client.publish_version(FunctionName=function)
    client.create_alias(
        FunctionName=function,
        Name="canary",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    seen: Counter[str] = Counter()
    for _ in range(40):
        answer = client.invoke(FunctionName=function, Qualifier="canary", Payload=b"{}")
        version = json.load(answer["Payload"])[2]
        assert answer["ExecutedVersion"] == version
        seen[version] += 1
    assert set(seen) == {"1", "2"}, "all 40 on one side: once in 550,000,000,000 runs"


def test_provisioned_concurrency_is_back_after_a_restart(settings: Settings, tmp_path: Path) -> None:
    settings = replace(settings, home=tmp_path / "home")
    try:
        lab = Lab("05", settings=settings)
        name = deploy(lab)
        put_provisioned(lab, name, "1", 1)
        supervisor.stop(settings.home)
        lab = Lab("05", settings=settings)
        wait_until_decided(lab, name, "1")
        assert lab.invoke("busy", {}, qualifier="1").result[1] == "provisioned-concurrency"
    finally:
        supervisor.stop(settings.home)
