"""The metrics of AWS/Lambda, read back through CloudWatch's API.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from labsupport.errors import DeployError
from labsupport.lab import Lab
from labsupport.localcloud import supervisor
from labsupport.resources.event_source_mapping import delete_event_source_mapping
from labsupport.settings import Settings
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

CODE = archive(
    app="""
        import time
        def handler(event, context):
            time.sleep(event.get("seconds", 0))
            if event.get("fail"):
                raise RuntimeError("as told")
            return {"statusCode": 200, "body": "done"}
    """
)
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["logs:*", "sqs:*"], "Resource": "*"}],
}
STATISTICS = ["SampleCount", "Sum", "Average", "Minimum", "Maximum"]


def deploy(lab: Lab, policy: dict[str, Any] = POLICY) -> str:
    """Deploy a function with version 1; returns its name."""
    role = lab.deploy_role("counted", policy=policy)
    name = lab.name("counted")
    lab.deploy_function(
        "counted", code=CODE, handler="app.handler", role_arn=role, memory_mb=1769, timeout_seconds=20
    )
    lab.client("lambda").publish_version(FunctionName=name)
    return name


@pytest.fixture
def function(lab: Lab) -> str:
    return deploy(lab)


def total(lab: Lab, name: str, *, of: str = "Sum", **dimensions: str) -> float:
    """Return a statistic of the last hours, added up; 0 where there is no data point."""
    now = datetime.now(UTC)
    answer = lab.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=2),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=[of],
    )
    return float(sum(point[of] for point in answer["Datapoints"]))


def counts(lab: Lab, **dimensions: str) -> tuple[float, float, float]:
    """Return Invocations, Errors and Throttles."""
    invocations, errors, throttles = (
        total(lab, name, **dimensions) for name in ("Invocations", "Errors", "Throttles")
    )
    return invocations, errors, throttles


def call(lab: Lab, name: str, payload: dict[str, Any] | None = None, **arguments: Any) -> str:
    """Invoke without the client's own retries; returns "done", "failed" or "throttled"."""
    client = lab.client("lambda", retries={"total_max_attempts": 1})
    try:
        answer = client.invoke(FunctionName=name, Payload=json.dumps(payload or {}), **arguments)
    except client.exceptions.TooManyRequestsException:
        return "throttled"
    return "failed" if "FunctionError" in answer else "done"


# Every route


def by_invoke(lab: Lab, name: str) -> None:
    assert call(lab, name) == "done"


def by_event(lab: Lab, name: str) -> None:
    lab.client("lambda").invoke(FunctionName=name, InvocationType="Event")


def by_s3(lab: Lab, name: str) -> None:
    bucket, arn = lab.deploy_bucket("in"), function_arn(lab, name)
    source = f"arn:aws:s3:::{bucket}"
    lab.allow_invoke("counted", service="s3.amazonaws.com", source_arn=source, statement_id="s3")
    lab.notify_function("in", arn, prefix="raw/")
    lab.client("s3").put_object(Bucket=bucket, Key="raw/one", Body=b"1")


def by_sns(lab: Lab, name: str) -> None:
    client = lab.client("sns")
    topic = client.create_topic(Name=lab.name("topic"))["TopicArn"]
    lab.allow_invoke("counted", service="sns.amazonaws.com", source_arn=topic, statement_id="sns")
    client.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function_arn(lab, name))
    client.publish(TopicArn=topic, Message="one")


def by_sqs(lab: Lab, name: str) -> None:
    queue = lab.deploy_queue("orders")
    mapping = lab.client("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=queue.arn)
    lab.client("sqs").send_message(QueueUrl=queue.url, MessageBody="one")
    lab.metrics("counted", "Invocations", timeout_seconds=20)
    delete_event_source_mapping(lab.target, mapping["UUID"])


def by_eventbridge(lab: Lab, name: str) -> None:
    client, rule = lab.client("events"), lab.name("rule")
    arn = client.put_rule(Name=rule, EventPattern=json.dumps({"source": ["shop"]}))["RuleArn"]
    lab.allow_invoke("counted", service="events.amazonaws.com", source_arn=arn, statement_id="events")
    client.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": function_arn(lab, name)}])
    client.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": "{}"}])


def by_http_api(lab: Lab, name: str) -> None:
    client = lab.client("apigatewayv2")
    api = client.create_api(Name=lab.name("api"), ProtocolType="HTTP")["ApiId"]
    integration = client.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function_arn(lab, name),
        PayloadFormatVersion="2.0",
    )
    client.create_route(ApiId=api, RouteKey="GET /", Target=f"integrations/{integration['IntegrationId']}")
    client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    source = f"arn:aws:execute-api:{lab.region}:{lab.account}:{api}/*"
    lab.allow_invoke("counted", service="apigateway.amazonaws.com", source_arn=source, statement_id="api")
    fetch(lab, f"/_aws/execute-api/{api}/$default/")


def by_function_url(lab: Lab, name: str) -> None:
    client = lab.client("lambda")
    url = client.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    client.add_permission(
        FunctionName=name,
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    client.add_permission(
        FunctionName=name,
        StatementId="function",
        Action="lambda:InvokeFunction",
        Principal="*",
        InvokedViaFunctionUrl=True,
    )
    identifier = url.split("//")[1].split(".")[0]
    fetch(lab, "/", host=f"{identifier}.lambda-url.{lab.region}.localhost")


def function_arn(lab: Lab, name: str) -> str:
    return f"arn:aws:lambda:{lab.region}:{lab.account}:function:{name}"


def fetch(lab: Lab, path: str, host: str = "localhost") -> None:
    request = urllib.request.Request(f"{lab.target.endpoint_url}{path}", headers={"Host": host})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.read() == b"done"


ROUTES = (by_invoke, by_event, by_s3, by_sns, by_sqs, by_eventbridge, by_http_api, by_function_url)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.__name__)
def test_an_invocation_is_counted_once_by_every_route(
    lab: Lab, function: str, route: Callable[[Lab, str], None]
) -> None:
    route(lab, function)
    assert lab.metrics("counted", "Duration", timeout_seconds=20).samples == 1
    assert counts(lab, FunctionName=function) == (1, 0, 0)
    assert lab.metrics("counted", "ConcurrentExecutions").maximum == 1


# What is counted


def test_errors_are_counted_and_their_average_is_the_error_rate(lab: Lab, function: str) -> None:
    outcomes = [call(lab, function, {"fail": number < 1}) for number in range(4)]
    assert outcomes == ["failed", "done", "done", "done"]
    assert counts(lab, FunctionName=function) == (4, 1, 0)
    assert lab.metrics("counted", "Errors").average == 0.25


def test_a_timeout_is_an_error_whose_duration_is_the_timeout(lab: Lab, function: str) -> None:
    lab.client("lambda").update_function_configuration(FunctionName=function, Timeout=1)
    lab.client("lambda").get_waiter("function_updated_v2").wait(FunctionName=function)
    assert call(lab, function, {"seconds": 30}) == "failed"
    assert counts(lab, FunctionName=function) == (1, 1, 0)
    duration = lab.metrics("counted", "Duration")
    assert (duration.maximum, duration.unit) == (1000, "Milliseconds")


def test_duration_is_the_reports(lab: Lab, function: str) -> None:
    report = lab.invoke("counted").report
    assert report is not None
    assert lab.metrics("counted", "Duration").sum == report.duration_ms


def test_a_throttled_request_is_one_throttle_and_no_invocation(lab: Lab, function: str) -> None:
    lab.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    assert [call(lab, function) for _ in range(3)] == ["throttled"] * 3
    assert counts(lab, FunctionName=function) == (0, 0, 3)
    assert total(lab, "Duration", of="SampleCount", FunctionName=function) == 0


def test_concurrent_executions_are_those_at_one_time(lab: Lab, function: str) -> None:
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: call(lab, function, {"seconds": 1}), range(3)))
    concurrent = lab.metrics("counted", "ConcurrentExecutions")
    assert (concurrent.minimum, concurrent.maximum, concurrent.samples) == (1, 3, 3)
    assert total(lab, "UnreservedConcurrentExecutions", of="Maximum") >= 3


def test_a_function_with_reserved_concurrency_is_not_among_the_unreserved(lab: Lab, function: str) -> None:
    lab.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=5)
    before = total(lab, "UnreservedConcurrentExecutions", of="SampleCount")
    assert call(lab, function) == "done"
    assert total(lab, "UnreservedConcurrentExecutions", of="SampleCount") == before


def test_a_denied_log_permission_does_not_stop_metrics(lab: Lab) -> None:
    nothing = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "logs:*", "Resource": "*"}],
    }
    name = deploy(lab, nothing)
    assert call(lab, name) == "done"
    assert lab.logs("counted") == []
    assert counts(lab, FunctionName=name) == (1, 0, 0)


# Dimensions


def test_versions_aliases_and_all_functions_have_dimensions_of_their_own(lab: Lab, function: str) -> None:
    client = lab.client("lambda")
    client.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    before = total(lab, "Invocations")
    call(lab, function)
    call(lab, function, Qualifier="1")
    call(lab, function, Qualifier="live")
    call(lab, function, {"fail": True}, Qualifier="live")
    own = {"FunctionName": function}
    assert counts(lab, **own) == (4, 1, 0)
    assert counts(lab, **own, Resource=function) == (1, 0, 0)
    assert counts(lab, **own, Resource=f"{function}:1") == (1, 0, 0)
    assert counts(lab, **own, Resource=f"{function}:live") == (2, 1, 0)
    assert counts(lab, **own, Resource=f"{function}:live", ExecutedVersion="1") == (2, 1, 0)
    assert total(lab, "Invocations") - before == 4, "a query without dimensions is the metric without them"
    assert lab.metrics("counted", "Errors", qualifier="live").average == 0.5


def test_a_throttled_alias_is_counted_under_its_name(lab: Lab, function: str) -> None:
    client = lab.client("lambda")
    client.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    assert call(lab, function, Qualifier="live") == "throttled"
    assert total(lab, "Throttles", FunctionName=function, Resource=f"{function}:live") == 1


def test_the_metrics_are_listed(lab: Lab, function: str) -> None:
    call(lab, function)
    found = lab.client("cloudwatch").list_metrics(
        Namespace="AWS/Lambda", Dimensions=[{"Name": "FunctionName", "Value": function}]
    )
    listed = {metric["MetricName"] for metric in found["Metrics"]}
    assert listed == {"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"}


# Statistics


def test_statistics_and_percentiles_come_from_the_single_values(lab: Lab, function: str) -> None:
    durations = []
    for seconds in (0, 0, 0, 0.3):
        report = lab.invoke("counted", {"seconds": seconds}).report
        assert report is not None
        durations.append(report.duration_ms)
    now = datetime.now(UTC)
    span = {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(hours=1)}
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Duration",
        "Dimensions": [{"Name": "FunctionName", "Value": function}],
    }
    client = lab.client("cloudwatch")
    years = 60 * 16_666_667  # one data point: no such period ends before 2033
    (point,) = client.get_metric_statistics(**metric, **span, Period=years, Statistics=STATISTICS)[
        "Datapoints"
    ]
    assert point["SampleCount"] == 4
    assert point["Sum"] == pytest.approx(sum(durations))
    assert point["Average"] == pytest.approx(sum(durations) / 4)
    assert (point["Minimum"], point["Maximum"]) == (min(durations), max(durations))
    (point,) = client.get_metric_statistics(
        **metric, **span, Period=years, ExtendedStatistics=["p50", "p95"]
    )["Datapoints"]
    slowest, second = sorted(durations, reverse=True)[:2]
    assert point["ExtendedStatistics"]["p50"] < 100
    assert second < point["ExtendedStatistics"]["p95"] <= slowest
    query = {"Id": "p95", "MetricStat": {"Metric": metric, "Period": years, "Stat": "p95"}}
    (result,) = client.get_metric_data(MetricDataQueries=[query], **span)["MetricDataResults"]
    assert result["Values"] == [point["ExtendedStatistics"]["p95"]]


def test_a_start_time_within_a_minute_means_the_whole_minute(lab: Lab, function: str) -> None:
    call(lab, function)
    (minute,) = lab.metrics("counted", "Invocations").datapoints
    late = minute.time + timedelta(seconds=59.9)
    assert lab.metrics("counted", "Invocations", since=late, timeout_seconds=1).sum == 1
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "FunctionName", "Value": function}],
    }
    query = {"Id": "calls", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    answer = lab.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=late, EndTime=late + timedelta(minutes=1)
    )
    assert answer["MetricDataResults"][0]["Values"] == [1]


# Asynchronous invocation


def fail_asynchronously(lab: Lab, name: str) -> None:
    client = lab.client("lambda")
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    client.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"fail": true}')


def test_an_event_is_received_tried_and_dropped(lab: Lab, function: str) -> None:
    fail_asynchronously(lab, function)
    assert lab.metrics("counted", "AsyncEventsDropped", timeout_seconds=30).sum == 1
    assert lab.metrics("counted", "AsyncEventsReceived").sum == 1
    assert counts(lab, FunctionName=function) == (2, 2, 0)
    age = lab.metrics("counted", "AsyncEventAge")
    assert (age.samples, age.unit) == (2, "Milliseconds")
    assert age.minimum < 1000 <= age.maximum, "the retry comes after a second here"


def test_an_event_that_succeeds_is_not_dropped(lab: Lab, function: str) -> None:
    by_event(lab, function)
    lab.metrics("counted", "AsyncEventAge", timeout_seconds=20)
    lab.metrics("counted", "Duration", timeout_seconds=20)
    assert total(lab, "AsyncEventsDropped", FunctionName=function) == 0


def test_a_dead_letter_queue_that_is_gone_is_an_error(lab: Lab, function: str) -> None:
    queue = lab.deploy_queue("dead")
    client = lab.client("lambda")
    client.update_function_configuration(FunctionName=function, DeadLetterConfig={"TargetArn": queue.arn})
    client.get_waiter("function_updated_v2").wait(FunctionName=function)
    lab.client("sqs").delete_queue(QueueUrl=queue.url)
    fail_asynchronously(lab, function)
    assert lab.metrics("counted", "DeadLetterErrors", timeout_seconds=30).sum == 1
    assert total(lab, "DestinationDeliveryFailures", FunctionName=function) == 0


def test_a_destination_that_the_role_may_not_use_is_a_delivery_failure(lab: Lab) -> None:
    only_logs = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
    }
    name = deploy(lab, only_logs)
    lab.on_failure("counted", lab.deploy_queue("failed").arn)
    lab.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b'{"fail": true}')
    assert lab.metrics("counted", "DestinationDeliveryFailures", timeout_seconds=30).sum == 1
    assert total(lab, "DeadLetterErrors", FunctionName=name) == 0


# Provisioned concurrency


def provision(lab: Lab, name: str, qualifier: str, count: int) -> None:
    client = lab.client("lambda")
    client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )

    def ready() -> bool:
        config = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
        return bool(config["Status"] == "READY")

    lab.wait_until(ready, doing="waiting for provisioned concurrency", timeout_seconds=60)


def test_provisioned_concurrency_has_metrics_of_its_own(lab: Lab, function: str) -> None:
    lab.client("lambda").create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    provision(lab, function, "live", 2)
    call(lab, function, Qualifier="live")
    utilization = lab.metrics("counted", "ProvisionedConcurrencyUtilization", qualifier="live")
    assert (utilization.maximum, utilization.samples) == (0.5, 1)
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: call(lab, function, {"seconds": 1}, Qualifier="live"), range(3)))
    used = {
        name: lab.metrics("counted", name, qualifier="live")
        for name in (
            "ProvisionedConcurrencyInvocations",
            "ProvisionedConcurrencySpilloverInvocations",
            "ProvisionedConcurrentExecutions",
            "ProvisionedConcurrencyUtilization",
        )
    }
    assert [metric.samples for metric in used.values()] == [4] * 4
    assert used["ProvisionedConcurrencyInvocations"].sum == 3
    assert used["ProvisionedConcurrencySpilloverInvocations"].sum == 1
    assert used["ProvisionedConcurrentExecutions"].maximum == 2
    assert used["ProvisionedConcurrencyUtilization"].maximum == 1
    assert counts(lab, FunctionName=function, Resource=f"{function}:live") == (4, 0, 0)


def test_without_provisioned_concurrency_there_are_none_of_these(lab: Lab, function: str) -> None:
    call(lab, function)
    with pytest.raises(DeployError, match="ProvisionedConcurrencyInvocations"):
        lab.metrics("counted", "ProvisionedConcurrencyInvocations", timeout_seconds=0.2)


# The state


@pytest.fixture
def own_cloud(settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """A cloud that a test may stop."""
    settings = replace(settings, home=tmp_path / "home")
    yield settings
    supervisor.stop(settings.home)


def test_metrics_are_still_there_after_a_restart(own_cloud: Settings) -> None:
    lab = Lab("05", settings=own_cloud)
    name = deploy(lab)
    call(lab, name)
    supervisor.stop(own_cloud.home)
    lab = Lab("05", settings=own_cloud)
    call(lab, name)
    assert counts(lab, FunctionName=name) == (2, 0, 0)
