"""What stands between a client and a function: permission, throttling, time and size, and an unknown route.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labsupport.localcloud.record import CloudRecord
from labsupport.waiting import wait_until
from tests.conformance.http_apis import HttpApi, http_api

INTERNAL = (500, {"message": "Internal Server Error"})
UNAVAILABLE = (503, {"message": "Service Unavailable"})


@pytest.fixture(scope="module")
def api(cloud: CloudRecord, cloud_home: Path) -> Iterator[HttpApi]:
    with http_api(cloud_home) as built:
        built.route("ANY /orders")
        yield built


def said(answer: Any) -> tuple[int, Any]:
    return answer.status_code, answer.json()


def test_an_unknown_route_and_an_unknown_stage_are_not_found(api: HttpApi) -> None:
    assert said(api.call("/nothing")) == (404, {"message": "Not Found"})
    assert said(api.call("/orders", stage="nothing")) == (404, {"message": "Not Found"})


def test_without_permission_the_function_does_not_run(api: HttpApi) -> None:
    arn = api.function("forbidden", "def handler(event, context):\n    return 'ran'\n")
    api.route("GET /forbidden", api.integrate(arn))
    assert said(api.call("/forbidden")) == INTERNAL
    api.permit(arn, f"{api.source}/*/POST/forbidden")
    assert said(api.call("/forbidden")) == INTERNAL
    api.permit(arn, f"{api.source}/*/GET/forbidden")
    assert api.call("/forbidden").text == "ran"


def test_the_default_route_asks_with_an_arn_of_its_own(api: HttpApi) -> None:
    arn = api.function("fallback", "def handler(event, context):\n    return 'ran'\n")
    api.gateway.create_stage(ApiId=api.api_id, StageName="fallback", AutoDeploy=True)
    default = api.route("$default", api.integrate(arn))
    try:
        assert said(api.call("/nothing", stage="fallback")) == INTERNAL
        api.permit(arn, f"{api.source}/fallback/$default")
        assert api.call("/nothing", stage="fallback").text == "ran"
    finally:
        api.gateway.delete_route(ApiId=api.api_id, RouteId=default)


def test_a_missing_function_is_a_500(api: HttpApi) -> None:
    api.route("GET /missing", api.integrate(f"{api.function_arn}-missing"))
    assert said(api.call("/missing")) == INTERNAL


def test_a_stage_variable_chooses_the_alias(api: HttpApi) -> None:
    client = api.target.client("lambda")
    version = client.publish_version(FunctionName=api.function_arn)["Version"]
    client.create_alias(FunctionName=api.function_arn, Name="live", FunctionVersion=version)
    api.gateway.create_stage(
        ApiId=api.api_id, StageName="live", AutoDeploy=True, StageVariables={"alias": "live"}
    )
    uri = (
        f"arn:aws:apigateway:{api.target.region}:lambda:path/2015-03-31/functions/"
        f"{api.function_arn}:${{stageVariables.alias}}/invocations"
    )
    api.route("GET /alias", api.integrate(uri))
    assert said(api.call("/alias", stage="live")) == INTERNAL  # the function's permission isn't the alias's
    api.permit(f"{api.function_arn}:live", f"{api.source}/live/GET/alias")
    assert api.event("/alias", stage="live")["routeKey"] == "GET /alias"


def test_a_route_has_a_rate_and_a_burst(api: HttpApi) -> None:
    api.route("GET /slow")
    settings = {"GET /slow": {"ThrottlingBurstLimit": 2, "ThrottlingRateLimit": 0.001}}
    api.gateway.update_stage(ApiId=api.api_id, StageName="$default", RouteSettings=settings)
    answers = [api.call("/slow") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert said(answers[-1]) == (429, {"message": "Too Many Requests"})
    assert api.call("/orders").status_code == 200


def test_default_settings_throttle_each_route(api: HttpApi) -> None:
    settings = {"ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 0.001}
    api.gateway.create_stage(
        ApiId=api.api_id, StageName="tight", AutoDeploy=True, DefaultRouteSettings=settings
    )
    api.route("GET /others")
    assert [api.call("/orders", stage="tight").status_code for _ in range(2)] == [200, 429]
    assert api.call("/others", stage="tight").status_code == 200


def test_a_routes_settings_go_before_the_stages(api: HttpApi) -> None:
    loose, tight = ({"ThrottlingBurstLimit": n, "ThrottlingRateLimit": 0.001} for n in (3, 1))
    api.gateway.create_stage(
        ApiId=api.api_id, StageName="mixed", AutoDeploy=True, DefaultRouteSettings=tight,
        RouteSettings={"ANY /orders": loose},
    )  # fmt: skip
    assert [api.call("/orders", stage="mixed").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_function_that_may_not_run_now_is_503(api: HttpApi) -> None:
    client = api.target.client("lambda")
    client.put_function_concurrency(FunctionName=api.function_arn, ReservedConcurrentExecutions=0)
    try:
        assert said(api.call("/orders")) == UNAVAILABLE
    finally:
        client.delete_function_concurrency(FunctionName=api.function_arn)


def test_after_its_timeout_the_client_has_a_503_and_the_function_goes_on(api: HttpApi) -> None:
    code = "import time\n\ndef handler(event, context):\n    time.sleep(0.5)\n    print('went on')\n"
    arn = api.function("sleeper", code)
    api.permit(arn, f"{api.source}/*")
    api.route("GET /sleeper", api.integrate(arn, TimeoutInMillis=50))
    assert said(api.call("/sleeper")) == UNAVAILABLE
    logs, group = api.target.client("logs"), f"/aws/lambda/{arn.rsplit(':', 1)[1]}"

    def went_on() -> bool:
        try:
            found = logs.filter_log_events(logGroupName=group, filterPattern="went")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return False
        return bool(found)

    assert wait_until(went_on, doing="waiting for the function's log", timeout_seconds=10)


def test_large_bodies_are_refused(api: HttpApi) -> None:
    too_large = (413, {"message": "Request Entity Too Large"})
    text = {"content-type": "text/plain"}
    assert said(api.call("/orders", "POST", content=b"x" * (10 * 1024**2 + 1), headers=text)) == too_large
    assert said(api.call("/orders", "POST", content=b"x" * (7 * 1024**2), headers=text)) == too_large


def test_an_answer_of_more_than_six_megabytes_is_a_500(api: HttpApi) -> None:
    assert said(api.call("/orders", do={"size": 7 * 1024**2})) == INTERNAL
