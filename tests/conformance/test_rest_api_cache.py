"""The cache of a REST API's stage answers in the place of the integration.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.waiting import wait_until
from tests.conformance.rest_apis import CODE, RestApi

pytestmark = pytest.mark.functional

LOGS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": "*"}],
}
NEW = {"Cache-Control": "max-age=0"}
COUNT = {"do": "count"}


@pytest.fixture(scope="module")
def api(module_lab: Lab) -> RestApi:
    """Return an API whose function counts its invocations."""
    function = module_lab.deploy_function(
        "counter",
        code=CODE,
        handler="app.handler",
        role_arn=module_lab.deploy_role("counter", policy=LOGS),
        memory_mb=1769,
    )
    api = RestApi(module_lab, "cache")
    api.allow(function.arn)
    color = "method.request.querystring.color"
    api.function(
        "/item",
        function.arn,
        integration={"cacheKeyParameters": [color]},
        requestParameters={color: False},
    )
    api.function("/item", function.arn, "POST")
    api.deploy()
    return api


@pytest.fixture(autouse=True)
def cached(api: RestApi) -> Iterator[None]:
    api.patch(
        {
            "/cacheClusterEnabled": "true",
            "/cacheClusterSize": "0.5",
            "/*/*/caching/enabled": "true",
            "/*/*/caching/ttlInSeconds": "300",
            "/*/*/caching/requireAuthorizationForCacheControl": "false",
        }
    )
    yield
    api.client.flush_stage_cache(restApiId=api.id, stageName="test")


def count(api: RestApi, method: str = "GET", headers: dict[str, str] | None = None, **params: str) -> str:
    return api.call("/item", method, params=COUNT | params, headers=headers or {}).text


def test_a_get_is_answered_from_the_cache_and_nothing_else(api: RestApi) -> None:
    assert count(api) == count(api)
    assert count(api, "POST") != count(api, "POST")


def test_only_the_named_parameters_are_the_cache_key(api: RestApi) -> None:
    red = count(api, color="red")
    assert count(api, color="blue") != red
    assert count(api, color="red", size="9") == red


def test_the_cache_can_be_flushed(api: RestApi) -> None:
    first = count(api)
    api.client.flush_stage_cache(restApiId=api.id, stageName="test")
    assert count(api) != first


def test_max_age_0_gets_a_new_response_and_replaces_the_old_one(api: RestApi) -> None:
    first = count(api)
    second = count(api, headers=NEW)
    assert second != first
    assert count(api) == second


def test_who_may_not_invalidate_gets_the_old_response_with_a_warning(api: RestApi) -> None:
    api.patch({"/*/*/caching/requireAuthorizationForCacheControl": "true"})
    first = count(api)
    answer = api.call("/item", params=COUNT, headers=NEW)
    assert answer.text == first
    assert "199" in answer.headers["warning"]
    strategy = "/*/*/caching/unauthorizedCacheControlHeaderStrategy"
    api.patch({strategy: "SUCCEED_WITHOUT_RESPONSE_HEADER"})
    assert "warning" not in api.call("/item", params=COUNT, headers=NEW).headers
    api.patch({strategy: "FAIL_WITH_403"})
    assert api.call("/item", params=COUNT, headers=NEW).status_code == 403


def test_a_response_is_forgotten_after_its_ttl(api: RestApi) -> None:
    api.patch({"/*/*/caching/ttlInSeconds": "1"})
    first = count(api)
    wait_until(lambda: count(api) != first, doing="waiting for the TTL", timeout_seconds=10)


def test_a_ttl_of_0_and_a_method_of_its_own_switch_the_cache_off(api: RestApi) -> None:
    api.patch({"/*/*/caching/ttlInSeconds": "0"})
    assert count(api) != count(api)
    api.patch({"/*/*/caching/ttlInSeconds": "300", "/~1item/GET/caching/enabled": "false"})
    assert count(api) != count(api)
    api.patch({"/~1item/GET/caching/enabled": "true"})
    assert count(api) == count(api)


@pytest.mark.parametrize("params", [{"do": "large"}, {"status": "500"}])
def test_large_responses_and_errors_are_not_kept(api: RestApi, params: dict[str, str]) -> None:
    first, second = (api.call("/item", params=COUNT | params).text for _ in range(2))
    assert first != second


def test_limits_of_the_cache(api: RestApi) -> None:
    with pytest.raises(ClientError, match="TTL"):
        api.patch({"/*/*/caching/ttlInSeconds": "3601"})
    with pytest.raises(ClientError, match="cache cluster size"):
        api.patch({"/cacheClusterSize": "2"})


def test_a_stage_tells_of_its_cluster(api: RestApi) -> None:
    shown = api.client.get_stage(restApiId=api.id, stageName="test")
    assert (shown["cacheClusterStatus"], shown["cacheClusterSize"]) == ("AVAILABLE", "0.5")
    assert api.patch({"/cacheClusterEnabled": "false"})["cacheClusterStatus"] == "NOT_AVAILABLE"
    assert count(api) != count(api)
