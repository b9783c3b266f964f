"""A stage serves the deployment that it points to, and not what is being edited.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.localcloud import supervisor
from labsupport.settings import Settings
from tests.conformance.rest_apis import RestApi

pytestmark = pytest.mark.functional


@pytest.fixture(scope="module")
def api(module_lab: Lab) -> RestApi:
    """Return an API whose first deployment answers with 1."""
    api = RestApi(module_lab, "deployments")
    api.mock("/item", answer="1")
    return api


def answers_with(api: RestApi, answer: str) -> None:
    api.client.put_integration_response(
        **api.place("/item"), statusCode="200", responseTemplates={"application/json": answer}
    )


def test_a_change_is_live_after_the_next_deployment_and_a_stage_can_go_back(api: RestApi) -> None:
    first = api.deploy()
    answers_with(api, "2")
    assert api.call("/item").text == "1"
    second = api.deploy()
    assert api.call("/item").text == "2"
    api.patch({"/deploymentId": first})
    assert api.call("/item").text == "1"
    api.patch({"/deploymentId": second})
    assert api.call("/item").text == "2"


def test_a_new_method_is_not_served_before_a_deployment(api: RestApi) -> None:
    api.deploy()
    api.mock("/new")
    assert api.call("/new").status_code == 403
    api.deploy()
    assert api.call("/new").status_code == 200


def test_a_deployment_in_use_can_not_be_deleted(api: RestApi) -> None:
    used = api.deploy("used")
    with pytest.raises(ClientError, match="Active stages pointing to this deployment must be moved"):
        api.client.delete_deployment(restApiId=api.id, deploymentId=used)
    api.client.delete_stage(restApiId=api.id, stageName="used")
    api.client.delete_deployment(restApiId=api.id, deploymentId=used)


def test_a_stage_needs_a_deployment_that_exists(api: RestApi) -> None:
    api.deploy()
    with pytest.raises(ClientError, match="Deployment id does not exist"):
        api.patch({"/deploymentId": "nowhere"})
    with pytest.raises(ClientError, match="Stage already exists"):
        api.client.create_stage(restApiId=api.id, stageName="test", deploymentId=api.deploy())


def test_an_api_without_methods_or_integrations_is_not_deployed(module_lab: Lab) -> None:
    api = RestApi(module_lab, "empty")
    with pytest.raises(ClientError, match="The REST API doesn't contain any methods"):
        api.deploy()
    api.put_method("/item")
    with pytest.raises(ClientError, match="No integration defined for method"):
        api.deploy()


def test_gateway_responses_are_part_of_a_deployment(api: RestApi) -> None:
    api.deploy()
    api.client.put_gateway_response(
        restApiId=api.id, responseType="MISSING_AUTHENTICATION_TOKEN", statusCode="404"
    )
    assert api.call("/nowhere").status_code == 403
    api.deploy()
    assert api.call("/nowhere").status_code == 404


def test_a_preflight_request_is_answered_by_a_mock(api: RestApi) -> None:
    place = api.put_method("/cors", "OPTIONS")
    templates = {"application/json": '{"statusCode": 204}'}
    header = "method.response.header.Access-Control-Allow-Origin"
    api.client.put_integration(**place, type="MOCK", requestTemplates=templates)
    api.client.put_method_response(**place, statusCode="204", responseParameters={header: True})
    api.client.put_integration_response(**place, statusCode="204", responseParameters={header: "'*'"})
    api.deploy()
    answer = api.call("/cors", "OPTIONS")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "*")


def test_the_default_endpoint_is_edge_optimised(module_lab: Lab, api: RestApi) -> None:
    shown = api.client.get_rest_api(restApiId=api.id)
    assert shown["endpointConfiguration"]["types"] == ["EDGE"]
    other = RestApi(module_lab, "regional", endpointConfiguration={"types": ["REGIONAL"]})
    assert other.client.get_rest_api(restApiId=other.id)["endpointConfiguration"]["types"] == ["REGIONAL"]


def test_an_unknown_path_or_method_is_a_missing_authentication_token(module_lab: Lab) -> None:
    api = RestApi(module_lab, "unknown")
    api.mock("/item")
    api.deploy()
    for answer in (api.call("/nowhere"), api.call("/item", "POST")):
        assert answer.status_code == 403
        assert answer.json() == {"message": "Missing Authentication Token"}
        assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert api.call("/item", stage="nowhere").json() == {"message": "Forbidden"}


def test_an_api_has_a_host_name_of_its_own(api: RestApi) -> None:
    api.deploy()
    port = api.lab.target.endpoint_url.rpartition(":")[2] if api.lab.target.endpoint_url else ""
    host = {"Host": f"{api.id}.execute-api.us-east-1.localhost:{port}"}
    answer = httpx.get(f"{api.lab.target.endpoint_url}/test/item", headers=host, trust_env=False)
    assert (answer.status_code, answer.text) == (200, api.call("/item").text)
    assert "x-amz-apigw-id" in answer.headers


@pytest.fixture
def own_lab(tmp_path: Path) -> Iterator[Lab]:
    """Return a lab with a local cloud of its own, that can be stopped."""
    yield Lab("06", settings=replace(Settings.from_environment({}), home=tmp_path, owner="restarted"))
    supervisor.stop(tmp_path)


def test_deployments_and_what_was_used_of_a_quota_survive_a_restart(own_lab: Lab, tmp_path: Path) -> None:
    api = RestApi(own_lab, "kept")
    api.mock("/item", answer="1", apiKeyRequired=True)
    api.deploy()
    answers_with(api, "2")
    plan = api.client.create_usage_plan(
        name="kept",
        apiStages=[{"apiId": api.id, "stage": "test"}],
        quota={"limit": 2, "period": "DAY"},
    )
    key = api.client.create_api_key(name="kept", value="a-key-of-more-than-twenty-letters", enabled=True)
    api.client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    headers = {"x-api-key": "a-key-of-more-than-twenty-letters"}
    assert api.call("/item", headers=headers).text == "1"
    supervisor.stop(tmp_path)
    supervisor.start(tmp_path)
    assert api.call("/item", headers=headers).text == "1"
    assert api.call("/item", headers=headers).json() == {"message": "Limit Exceeded"}
