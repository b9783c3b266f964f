"""API keys and usage plans of REST APIs: who may call, how fast, and how often.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from tests.conformance.rest_apis import RestApi

pytestmark = pytest.mark.functional

VALUE = "a-key-of-more-than-twenty-characters"


class Plan:
    """A usage plan with one key."""

    def __init__(self, api: RestApi, name: str, **settings: Any) -> None:
        self.client = api.client
        self.value = f"{VALUE}-{api.id}-{name}"
        made = self.client.create_usage_plan(
            name=name, apiStages=[{"apiId": api.id, "stage": "test"}], **settings
        )
        self.id = made["id"]
        self.key = self.client.create_api_key(name=name, value=self.value, enabled=True)["id"]
        self.client.create_usage_plan_key(usagePlanId=self.id, keyId=self.key, keyType="API_KEY")
        self.headers = {"x-api-key": self.value}

    def used_today(self) -> list[list[int]]:
        """Return [[used, remaining]]."""
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        shown = self.client.get_usage(usagePlanId=self.id, startDate=today, endDate=today)
        return list(shown["items"].get(self.key, []))


@pytest.fixture(scope="module")
def api(module_lab: Lab) -> RestApi:
    api = RestApi(module_lab, "keys")
    api.mock("/item", apiKeyRequired=True)
    api.mock("/other", apiKeyRequired=True)
    api.mock("/open")
    api.deploy()
    return api


def test_a_method_that_needs_a_key_is_forbidden_without_one(api: RestApi) -> None:
    plan = Plan(api, "plain")
    for headers in ({}, {"x-api-key": "no-such-key"}):
        answer = api.call("/item", headers=headers)
        assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})
    assert api.call("/item", headers=plan.headers).status_code == 200
    assert api.call("/open").status_code == 200


def test_a_key_without_a_usage_plan_is_forbidden(api: RestApi) -> None:
    value = f"{VALUE}-{api.id}-alone"
    api.client.create_api_key(name="alone", value=value, enabled=True)
    assert api.call("/item", headers={"x-api-key": value}).status_code == 403


def test_a_plan_throttles_its_key(api: RestApi) -> None:
    plan = Plan(api, "slow", throttle={"rateLimit": 0.01, "burstLimit": 2})
    answers = [api.call("/item", headers=plan.headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json() == {"message": "Too Many Requests"}


def test_a_plan_has_limits_of_single_methods(api: RestApi) -> None:
    plan = Plan(api, "methods")
    path = f"/apiStages/{api.id}:test/throttle/~1item/GET"
    operations = [
        {"op": "replace", "path": f"{path}/rateLimit", "value": "0.01"},
        {"op": "replace", "path": f"{path}/burstLimit", "value": "1"},
    ]
    shown = api.client.update_usage_plan(usagePlanId=plan.id, patchOperations=operations)
    assert shown["apiStages"][0]["throttle"] == {"/item/GET": {"rateLimit": 0.01, "burstLimit": 1}}
    assert [api.call("/item", headers=plan.headers).status_code for _ in range(2)] == [200, 429]
    assert [api.call("/other", headers=plan.headers).status_code for _ in range(2)] == [200, 200]


def test_a_quota_ends_and_get_usage_tells_of_it(api: RestApi) -> None:
    plan = Plan(api, "quota", quota={"limit": 2, "period": "DAY"})
    answers = [api.call("/item", headers=plan.headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json() == {"message": "Limit Exceeded"}
    assert plan.used_today() == [[2, 0]]


def test_an_administrator_can_give_more_of_a_quota(api: RestApi) -> None:
    plan = Plan(api, "more", quota={"limit": 1, "period": "MONTH"})
    assert [api.call("/item", headers=plan.headers).status_code for _ in range(2)] == [200, 429]
    api.client.update_usage(
        usagePlanId=plan.id,
        keyId=plan.key,
        patchOperations=[{"op": "replace", "path": "/remaining", "value": "1"}],
    )
    assert [api.call("/item", headers=plan.headers).status_code for _ in range(2)] == [200, 429]
    assert plan.used_today() == [[2, 0]]


def test_a_plan_gets_a_stage_by_update_usage_plan(api: RestApi) -> None:
    plan = Plan(api, "later")
    stage = f"{api.id}:test"
    for op, status in (("remove", 403), ("add", 200)):
        api.client.update_usage_plan(
            usagePlanId=plan.id, patchOperations=[{"op": op, "path": "/apiStages", "value": stage}]
        )
        assert api.call("/item", headers=plan.headers).status_code == status
    with pytest.raises(ClientError, match="API Stage not found"):
        api.client.create_usage_plan(name="x", apiStages=[{"apiId": api.id, "stage": "nowhere"}])


def test_the_value_of_a_key_is_shown_only_when_asked_for(api: RestApi) -> None:
    plan = Plan(api, "shown")
    assert "value" not in api.client.get_api_key(apiKey=plan.key)
    assert api.client.get_api_key(apiKey=plan.key, includeValue=True)["value"] == plan.value
    assert all("value" not in key for key in api.client.get_api_keys()["items"])
    assert plan.value in [key["value"] for key in api.client.get_api_keys(includeValues=True)["items"]]


def test_a_stage_throttles_a_method(api: RestApi) -> None:
    api.deploy("throttled")
    limits = {"/~1open/GET/throttling/rateLimit": "0.01", "/~1open/GET/throttling/burstLimit": "1"}
    api.patch(limits, stage="throttled")
    answers = [api.call("/open", stage="throttled") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[-1].json() == {"message": "Too Many Requests"}


def test_an_account_has_10000_requests_a_second(api: RestApi) -> None:
    shown = api.client.get_account()["throttleSettings"]
    assert shown == {"burstLimit": 5000, "rateLimit": 10000.0}
