"""Stages of HTTP APIs: deployments, access logs, metrics, CORS, and what the control plane refuses.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.localcloud.record import CloudRecord
from tests.conformance.http_apis import HttpApi, http_api

ORIGIN = "https://shop.example"
CORS = {
    "AllowOrigins": [ORIGIN],
    "AllowMethods": ["GET", "POST"],
    "AllowHeaders": ["content-type"],
    "ExposeHeaders": ["x-count"],
    "MaxAge": 300,
    "AllowCredentials": True,
}


@pytest.fixture(scope="module")
def api(cloud: CloudRecord, cloud_home: Path) -> Iterator[HttpApi]:
    with http_api(cloud_home, CorsConfiguration=CORS) as built:
        built.route("GET /orders")
        yield built


def test_without_auto_deploy_a_change_is_live_after_a_deployment(api: HttpApi) -> None:
    api.gateway.create_stage(ApiId=api.api_id, StageName="manual")
    assert api.call("/orders", stage="manual").status_code == 404
    api.gateway.create_deployment(ApiId=api.api_id, StageName="manual")
    assert api.call("/orders", stage="manual").status_code == 200
    api.route("GET /later")
    assert api.call("/later").status_code == 200
    assert api.call("/later", stage="manual").status_code == 404
    deployment = api.gateway.create_deployment(ApiId=api.api_id)["DeploymentId"]
    assert api.call("/later", stage="manual").status_code == 404
    api.gateway.update_stage(ApiId=api.api_id, StageName="manual", DeploymentId=deployment)
    assert api.call("/later", stage="manual").status_code == 200


def test_a_stage_stays_where_auto_deploy_left_it(api: HttpApi) -> None:
    api.gateway.create_stage(ApiId=api.api_id, StageName="paused", AutoDeploy=True)
    api.gateway.update_stage(ApiId=api.api_id, StageName="paused", AutoDeploy=False)
    api.route("GET /after")
    assert api.call("/orders", stage="paused").status_code == 200
    assert api.call("/after", stage="paused").status_code == 404


def test_each_request_is_an_event_in_the_access_log(api: HttpApi) -> None:
    logs, group = api.target.client("logs"), f"/aws/http/lab-{api.target.owner}"
    logs.create_log_group(logGroupName=group)
    names = ("requestId", "routeKey", "status", "path", "identity.sourceIp", "error.message", "nothing")
    format_ = json.dumps({name: f"$context.{name}" for name in names})
    arn = f"arn:aws:logs:{api.target.region}:{api.target.account}:log-group:{group}"
    settings = {"DestinationArn": arn, "Format": format_}
    api.gateway.create_stage(
        ApiId=api.api_id, StageName="logged", AutoDeploy=True, AccessLogSettings=settings
    )
    first = api.call("/orders", stage="logged")
    api.call("/unknown", stage="logged")
    events = [json.loads(each["message"]) for each in logs.filter_log_events(logGroupName=group)["events"]]
    assert events[0] == {
        "requestId": first.headers["apigw-requestid"],
        "routeKey": "GET /orders",
        "status": "200",
        "path": "/logged/orders",
        "identity.sourceIp": "127.0.0.1",
        "error.message": "-",
        "nothing": "-",
    }
    assert (events[1]["status"], events[1]["error.message"]) == ("404", "Not Found")
    logs.delete_log_group(logGroupName=group)


def statistics(api: HttpApi, metric: str, **dimensions: str) -> Any:
    now = datetime.now(UTC)
    points = api.target.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/ApiGateway",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum", "SampleCount", "Maximum"],
    )["Datapoints"]
    return {name: sum(p[name] for p in points) for name in ("Sum", "SampleCount", "Maximum")}


def test_requests_are_counted_by_stage_and_in_detail_by_route(api: HttpApi) -> None:
    api.gateway.create_stage(
        ApiId=api.api_id, StageName="counted", AutoDeploy=True,
        DefaultRouteSettings={"DetailedMetricsEnabled": True},
    )  # fmt: skip
    api.call("/orders", stage="counted")
    api.call("/orders", stage="counted", do={"raise": "x"})
    api.call("/unknown", stage="counted")
    stage = {"ApiId": api.api_id, "Stage": "counted"}
    counts = {name: statistics(api, name, **stage)["Sum"] for name in ("Count", "4xx", "5xx")}
    assert counts == {"Count": 3, "4xx": 1, "5xx": 1}
    assert statistics(api, "4xx", **stage)["SampleCount"] == 3
    assert statistics(api, "IntegrationLatency", **stage)["SampleCount"] == 2
    assert statistics(api, "Latency", **stage)["Maximum"] >= 1
    assert statistics(api, "DataProcessed", **stage)["Sum"] > 100
    assert statistics(api, "Count", **stage, Method="GET", Resource="/orders")["Sum"] == 2
    assert statistics(api, "Count", ApiId=api.api_id)["Sum"] >= 3
    api.call("/orders")
    coarse = {"ApiId": api.api_id, "Stage": "$default"}
    assert statistics(api, "Count", **coarse)["Sum"] >= 1
    assert statistics(api, "Count", **coarse, Method="GET", Resource="/orders")["Sum"] == 0


def preflight(api: HttpApi, origin: str, path: str = "/orders") -> Any:
    return api.call(path, "OPTIONS", headers={"origin": origin, "access-control-request-method": "POST"})


def test_a_preflight_request_is_answered_on_every_path(api: HttpApi) -> None:
    for path in ("/orders", "/unknown"):
        answer = preflight(api, ORIGIN, path)
        assert answer.status_code == 204
        found = {name: value for name, value in answer.headers.items() if name.startswith("access-control")}
        assert found == {
            "access-control-allow-origin": ORIGIN,
            "access-control-allow-credentials": "true",
            "access-control-allow-methods": "GET,POST",
            "access-control-allow-headers": "content-type",
            "access-control-expose-headers": "x-count",
            "access-control-max-age": "300",
        }


def test_options_without_the_two_headers_is_a_request_like_others(api: HttpApi) -> None:
    for header in ("origin", "access-control-request-method"):
        assert api.call("/orders", "OPTIONS", headers={header: ORIGIN}).status_code == 404


def cors_headers(answer: Any) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control")}


def test_the_apis_cors_headers_stand_in_the_place_of_the_integrations(api: HttpApi) -> None:
    returned = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}}
    answer = api.call("/orders", do={"return": returned}, headers={"origin": ORIGIN})
    assert answer.headers.get_list("access-control-allow-origin") == [ORIGIN]
    assert answer.headers["access-control-expose-headers"] == "x-count"
    assert answer.headers["vary"] == "origin"
    assert cors_headers(api.call("/unknown", headers={"origin": ORIGIN}))


def test_a_foreign_origin_gets_no_cors_headers(api: HttpApi) -> None:
    returned = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}}
    answer = api.call("/orders", do={"return": returned}, headers={"origin": "https://evil.example"})
    assert (answer.status_code, cors_headers(answer)) == (200, {})
    assert cors_headers(preflight(api, "https://evil.example")) == {}


def refused(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def test_what_an_http_api_cannot_be_is_refused(api: HttpApi) -> None:
    create, api_id = api.gateway.create_integration, api.api_id
    function = {"ApiId": api_id, "IntegrationType": "AWS_PROXY", "IntegrationUri": api.function_arn}
    assert refused(create, **function) == "BadRequestException"
    settings: dict[str, Any] = {"PayloadFormatVersion": "2.0", "TimeoutInMillis": 30_001}
    assert refused(create, **function, **settings) == "BadRequestException"
    assert refused(create, ApiId=api_id, IntegrationType="MOCK") == "BadRequestException"
    assert refused(api.route, key="GET orders") == "BadRequestException"
    assert refused(api.route, key="GET /orders") == "ConflictException"
    assert refused(api.gateway.create_stage, ApiId=api_id, StageName="$default") == "ConflictException"
    update = api.gateway.update_integration
    settings = {"ApiId": api_id, "IntegrationId": api.integration_id, "TimeoutInMillis": 40_000}
    assert refused(update, **settings) == "BadRequestException"
