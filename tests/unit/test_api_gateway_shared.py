"""What all kinds of API share: invoking functions, throttling, access logs and metrics."""

from __future__ import annotations

import asyncio
from typing import Any

from labsupport.localcloud.api_gateway import access_log, lambda_integration
from labsupport.localcloud.api_gateway.access_log import LogGroup
from labsupport.localcloud.api_gateway.lambda_integration import FunctionAnswer, LambdaIntegration, Outcome
from labsupport.localcloud.api_gateway.metrics import ApiMetrics, Served, Subject
from labsupport.localcloud.api_gateway.token_bucket import TokenBuckets
from labsupport.localcloud.lambda_service.metrics import Series

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:orders:live"
WRAPPED = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/http/orders"


def ask(integration: LambdaIntegration, uri: str = FUNCTION, timeout_seconds: float = 5) -> FunctionAnswer:
    source = lambda_integration.source_arn(
        "us-east-1", "123456789012", "a1", stage="$default", method="GET", resource_path="/orders/{id}"
    )
    return asyncio.run(integration.ask(uri, {"n": 1}, source_arn=source, timeout_seconds=timeout_seconds))


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    now = 0.0
    buckets = TokenBuckets(clock=lambda: now)

    def take(count: int) -> list[bool]:
        return [buckets.take("route", rate=2, burst=3) for _ in range(count)]

    assert take(4) == [True, True, True, False]
    now = 0.5
    assert take(2) == [True, False]
    now = 60
    assert take(4) == [True, True, True, False]
    assert buckets.take("another route", rate=2, burst=3)


def test_a_burst_of_nothing_lets_nobody_through() -> None:
    assert not TokenBuckets().take("route", rate=0, burst=0)


def test_the_function_is_asked_for_by_its_arn_and_on_behalf_of_the_route() -> None:
    asked: list[tuple[str, str]] = []

    def may(function_arn: str, source_arn: str) -> bool:
        asked.append((function_arn, source_arn))
        return True

    async def invoke(function_arn: str, event: Any) -> FunctionAnswer:
        return FunctionAnswer(Outcome.ANSWERED, {"arn": function_arn, "event": event})

    for uri in (FUNCTION, WRAPPED):
        answer = ask(LambdaIntegration(may, invoke), uri)
        assert answer.payload == {"arn": FUNCTION, "event": {"n": 1}}
        assert answer.milliseconds > 0
    source = "arn:aws:execute-api:us-east-1:123456789012:a1/$default/GET/orders/{id}"
    assert asked == [(FUNCTION, source)] * 2


def test_without_permission_nothing_is_invoked() -> None:
    async def invoke(function_arn: str, event: Any) -> FunctionAnswer:
        raise AssertionError

    assert ask(LambdaIntegration(lambda _function, _source: False, invoke)).outcome is Outcome.NOT_PERMITTED


def test_a_slow_function_goes_on_while_the_client_has_its_answer() -> None:
    finished = []

    async def invoke(function_arn: str, event: Any) -> FunctionAnswer:
        await asyncio.sleep(0.05)
        finished.append(event)
        return FunctionAnswer(Outcome.ANSWERED)

    async def main() -> None:
        integration = LambdaIntegration(lambda _function, _source: True, invoke)
        answer = await integration.ask(FUNCTION, {}, source_arn="", timeout_seconds=0.01)
        assert (answer.outcome, finished) == (Outcome.TIMED_OUT, [])
        await asyncio.gather(*integration._running)
        assert finished == [{}]

    asyncio.run(main())


def test_stage_variables_stand_in_a_uri() -> None:
    uri = "arn:aws:lambda:us-east-1:123456789012:function:orders:${stageVariables.alias}"
    assert lambda_integration.with_stage_variables(uri, {"alias": "live"}) == FUNCTION


def test_a_format_is_filled_and_what_is_unknown_is_a_dash() -> None:
    variables = {"requestId": "r1", "identity.sourceIp": "127.0.0.1", "status": 200, "error.message": ""}
    format_ = (
        '$context.identity.sourceIp "$context.status" $context.requestId. $context.error.message $context.x'
    )
    assert access_log.render(format_, variables) == '127.0.0.1 "200" r1. - -'


def test_an_event_goes_to_the_group_of_the_settings_and_without_settings_nowhere() -> None:
    written: list[tuple[LogGroup, str, str]] = []

    def write(group: LogGroup, stream: str, message: str) -> None:
        written.append((group, stream, message))

    for arn in (GROUP, f"{GROUP}:*"):
        settings = {"destinationArn": arn, "format": "$context.requestId"}
        access_log.write(settings, {"requestId": "r1"}, write, api_id="a1", stage="dev")
    access_log.write({}, {"requestId": "r1"}, write, api_id="a1", stage="dev")
    group = LogGroup("123456789012", "us-east-1", "/aws/http/orders")
    assert written == [(group, access_log.stream_name("a1", "dev"), "r1")] * 2
    assert access_log.stream_name("a1", "dev") != access_log.stream_name("a1", "prod")


def told(served: Served, subject: Subject, kind: str) -> dict[tuple[str, int], float]:
    """Return the values by the metric's name and how many dimensions it was told with."""
    values: dict[tuple[str, int], float] = {}

    def write(series: Series, value: float, _timestamp: float) -> None:
        assert series.namespace == "AWS/ApiGateway"
        values[series.name, len(series.dimensions)] = value

    metrics = ApiMetrics(write)
    {"http": metrics.http_api, "rest": metrics.rest_api}[kind](subject, served)
    return values


def test_http_apis_are_counted_by_api_and_stage_and_in_detail_by_route() -> None:
    subject = Subject.of_http_api("123456789012", "us-east-1", "a1", "dev", "GET", "/orders")
    values = told(Served(503, 12.4, 10.6, data_bytes=99), subject, "http")
    for count in (1, 2, 4):
        found = {name: value for (name, dimensions), value in values.items() if dimensions == count}
        assert found == {
            "Count": 1, "4xx": 0, "5xx": 1, "Latency": 12, "IntegrationLatency": 11, "DataProcessed": 99,
        }  # fmt: skip


def test_rest_apis_have_other_names_and_a_cache() -> None:
    subject = Subject.of_rest_api("123456789012", "us-east-1", "orders", "dev")
    values = told(Served(404, 2, cache_hit=False), subject, "rest")
    assert {name: value for (name, dimensions), value in values.items() if dimensions == 2} == {
        "Count": 1, "4XXError": 1, "5XXError": 0, "Latency": 2, "CacheHitCount": 0, "CacheMissCount": 1,
    }  # fmt: skip
    assert max(dimensions for _name, dimensions in values) == 2
