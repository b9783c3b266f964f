"""Deploying WebSocket APIs, and finding and deleting them."""

from __future__ import annotations

import json

import pytest
from websockets.sync.client import connect

from labsupport.errors import DeployError
from labsupport.inventory import inventory
from labsupport.lab import Lab
from labsupport.resources.websocket_api import find_websocket_api
from labsupport.teardown import teardown
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

SOURCE = """
    def handler(event, context):
        return {"statusCode": 200, "body": event["requestContext"]["routeKey"]}
"""


POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
}


def function_arn(lab: Lab) -> str:
    role = lab.deploy_role("talk", policy=POLICY)
    code = archive(app=SOURCE)
    return lab.deploy_function("talk", code=code, handler="app.handler", role_arn=role).arn


def test_it_is_created_updated_found_and_deleted(lab: Lab) -> None:
    arn = function_arn(lab)
    api = lab.deploy_websocket_api("talk", function_arn=arn, routes=["$default", "old"])
    again = lab.deploy_websocket_api(
        "talk", function_arn=arn, routes=["$connect", "$default"], answering=["$default"]
    )
    assert again == api
    client = lab.client("apigatewayv2")
    routes = {route["RouteKey"] for route in client.get_routes(ApiId=api.id)["Items"]}
    assert routes == {"$connect", "$default"}
    assert len(client.get_integrations(ApiId=api.id)["Items"]) == 1
    with connect(api.url, proxy=None) as socket:
        socket.send(json.dumps({"action": "old"}))
        assert socket.recv(timeout=20) == "$default"
    lab.deploy_websocket_api("talk", function_arn=arn, routes=["$default"])
    with connect(api.url, proxy=None) as socket:
        socket.send("{}")
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.3)
    [found] = [resource for resource in inventory(lab.target) if resource.kind == "HTTP/WebSocket API"]
    assert (found.name, found.arn, found.note) == (f"{api.name}:{api.id}", api.arn, "WebSocket API")
    assert teardown(lab.target, late_log_seconds=0).is_clean
    assert find_websocket_api(lab.target, api.name) is None


def test_when_a_stranger_has_the_name_then_it_is_left_alone(lab: Lab) -> None:
    arn, client = function_arn(lab), lab.client("apigatewayv2")
    theirs = client.create_api(
        Name=lab.name("talk"), ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]
    with pytest.raises(DeployError, match="somebody else"):
        lab.deploy_websocket_api("talk", function_arn=arn)
    assert client.get_routes(ApiId=theirs)["Items"] == []
    client.delete_api(ApiId=theirs)
