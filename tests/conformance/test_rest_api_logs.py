"""What a REST API writes: execution logs, access logs and metrics; and what TestInvokeMethod shows.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from tests.conformance.rest_apis import CODE, RestApi

pytestmark = pytest.mark.functional

ROLE = "arn:aws:iam::{account}:role/api-gateway-logs"
LOGS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": "*"}],
}


@pytest.fixture(scope="module")
def api(module_lab: Lab) -> RestApi:
    function = module_lab.deploy_function(
        "logged",
        code=CODE,
        handler="app.handler",
        role_arn=module_lab.deploy_role("logged", policy=LOGS),
        memory_mb=1769,
    )
    api = RestApi(module_lab, "logged")
    api.function("/items/{id}", function.arn)
    api.mock("/mock", answer='{"mocked": true}', requestParameters={"method.request.querystring.q": True})
    api.allow(function.arn)
    api.deploy()
    return api


@pytest.fixture
def log_role(api: RestApi) -> Iterator[None]:
    """Let API Gateway write logs, as long as one test lasts."""
    arn = ROLE.format(account=api.lab.target.account)
    path = {"op": "replace", "path": "/cloudwatchRoleArn"}
    api.client.update_account(patchOperations=[{**path, "value": arn}])
    yield
    api.client.update_account(patchOperations=[{**path, "value": ""}])


def messages(api: RestApi, group: str) -> list[str]:
    events = api.lab.client("logs").filter_log_events(logGroupName=group)["events"]
    return [event["message"] for event in events]


def test_logging_needs_a_role_of_the_account(api: RestApi) -> None:
    with pytest.raises(ClientError, match="CloudWatch Logs role ARN must be set in account settings"):
        api.patch({"/*/*/logging/loglevel": "INFO"})


@pytest.mark.usefixtures("log_role")
def test_the_execution_log_tells_of_each_step(api: RestApi) -> None:
    api.deploy("info")
    api.patch({"/*/*/logging/loglevel": "INFO", "/*/*/logging/dataTrace": "true"}, stage="info")
    answer = api.call(
        "/items/7", stage="info", params={"q": "1"}, headers={"Authorization": "top-secret-word"}
    )
    request_id = answer.headers["x-amzn-requestid"]
    lines = messages(api, f"API-Gateway-Execution-Logs_{api.id}/info")
    for line in (
        f"Extended Request Id: {answer.headers['x-amz-apigw-id']}",
        f"Starting execution for request: {request_id}",
        "HTTP Method: GET, Resource Path: /items/7",
        "Method request query string: {q=1}",
        "Successfully completed execution",
        "Method completed with status: 200",
    ):
        assert f"({request_id}) {line}" in lines
    assert any("Integration latency" in line for line in lines)


@pytest.mark.usefixtures("log_role")
def test_without_data_tracing_no_request_is_in_the_log_and_errors_alone_with_error(api: RestApi) -> None:
    api.deploy("error")
    api.patch({"/*/*/logging/loglevel": "INFO"}, stage="error")
    api.call("/items/7", stage="error", params={"q": "a-word"})
    group = f"API-Gateway-Execution-Logs_{api.id}/error"
    lines = messages(api, group)
    assert lines and not any("a-word" in line for line in lines)
    api.patch({"/*/*/logging/loglevel": "ERROR"}, stage="error")
    api.call("/items/7", stage="error")
    assert messages(api, group) == lines
    api.call("/items/7", stage="error", params={"do": "raise"})
    added = messages(api, group)[len(lines) :]
    assert any("Malformed Lambda proxy response" in line for line in added)
    assert not any("Starting execution" in line for line in added)


@pytest.mark.usefixtures("log_role")
def test_an_access_log_has_the_stages_format(api: RestApi) -> None:
    logs = api.lab.client("logs")
    group = f"/aws/apigateway/{api.name}"
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:{api.lab.target.account}:log-group:{group}"
    fields = ("requestId", "httpMethod", "resourcePath", "status", "integrationLatency", "error.responseType")
    api.patch(
        {
            "/accessLogSettings/destinationArn": arn,
            "/accessLogSettings/format": json.dumps({name: f"$context.{name}" for name in fields}),
        }
    )
    try:
        answer = api.call("/items/7")
        api.call("/nowhere")
        known, unknown = (json.loads(message) for message in messages(api, group))
    finally:
        logs.delete_log_group(logGroupName=group)
    assert known["requestId"] == answer.headers["x-amzn-requestid"]
    assert (known["httpMethod"], known["resourcePath"], known["status"]) == ("GET", "/items/{id}", "200")
    assert int(known["integrationLatency"]) >= 0
    assert known["error.responseType"] == "-"
    assert (unknown["status"], unknown["error.responseType"]) == ("403", "MISSING_AUTHENTICATION_TOKEN")


def total(api: RestApi, metric: str, **dimensions: str) -> float:
    now = datetime.datetime.now(datetime.UTC)
    shown = api.lab.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/ApiGateway",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - datetime.timedelta(hours=1),
        EndTime=now + datetime.timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in shown["Datapoints"]))


def test_requests_are_counted(api: RestApi) -> None:
    api.deploy("counted")
    api.patch({"/*/*/metrics/enabled": "true"}, stage="counted")
    for path, params in (("/items/7", {}), ("/items/7", {"do": "raise"}), ("/nowhere", {})):
        api.call(path, stage="counted", params=params)
    stage = {"ApiName": api.name, "Stage": "counted"}
    counted = {name: total(api, name, **stage) for name in ("Count", "4XXError", "5XXError")}
    assert counted == {"Count": 3, "4XXError": 1, "5XXError": 1}
    assert total(api, "Latency", **stage) >= total(api, "IntegrationLatency", **stage) > 0
    assert total(api, "Count", ApiName=api.name) >= 3
    assert total(api, "Count", **stage, Method="GET", Resource="/items/{id}") == 2


def test_cache_hits_and_misses_are_counted(api: RestApi) -> None:
    api.deploy("cached")
    api.patch({"/cacheClusterEnabled": "true", "/*/*/caching/enabled": "true"}, stage="cached")
    for _ in range(3):
        api.call("/items/7", stage="cached")
    stage = {"ApiName": api.name, "Stage": "cached"}
    assert (total(api, "CacheMissCount", **stage), total(api, "CacheHitCount", **stage)) == (1, 2)


def test_a_method_can_be_tested_before_it_is_deployed(api: RestApi) -> None:
    place = api.mock("/undeployed", answer='{"tested": 1}', apiKeyRequired=True, authorizationType="AWS_IAM")
    shown = api.client.test_invoke_method(**place)
    assert (shown["status"], json.loads(shown["body"])) == (200, {"tested": 1})
    assert shown["headers"]["Content-Type"] == "application/json"
    assert shown["latency"] >= 0
    lines = shown["log"].splitlines()
    assert lines[0].startswith("Execution log for request ")
    assert lines[-1].endswith(" : Method completed with status: 200")
    assert api.call("/undeployed").status_code == 403


def test_a_test_sends_path_query_headers_body_and_stage_variables(api: RestApi) -> None:
    shown = api.client.test_invoke_method(
        **api.place("/items/{id}"),
        pathWithQueryString="/items/9?q=2",
        headers={"X-Own": "1"},
        body="text",
        stageVariables={"one": "two"},
    )
    event = json.loads(shown["body"])
    assert (event["pathParameters"], event["queryStringParameters"]) == ({"id": "9"}, {"q": "2"})
    assert (event["body"], event["stageVariables"]) == ("text", {"one": "two"})
    assert event["requestContext"]["stage"] == "test-invoke-stage"


def test_a_server_that_is_not_on_this_machine_is_not_asked(api: RestApi) -> None:
    place = api.place("/elsewhere")
    api.client.put_method(**place, authorizationType="NONE")
    api.client.put_integration(
        **place, type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://192.0.2.1/"
    )
    shown = api.client.test_invoke_method(**place)
    assert (shown["status"], json.loads(shown["body"])) == (500, {"message": "Internal server error"})
    assert "The local cloud asks servers on this machine only. 192.0.2.1 is none." in shown["log"]
