"""What WebSocket clients notice when the local cloud stops, and what is left of them when it is back."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from labsupport.lab import Lab
from labsupport.localcloud import supervisor
from labsupport.settings import Settings
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

SOURCE = """
    def handler(event, context):
        return {"statusCode": 200, "body": event["requestContext"]["connectionId"]}
"""
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
}


def test_when_the_cloud_stops_then_clients_are_told_and_their_connections_are_gone(tmp_path: Path) -> None:
    settings = replace(
        Settings.from_environment({}), home=tmp_path / "home", owner=f"t{uuid.uuid4().hex[:8]}"
    )
    lab = Lab("05", settings=settings)
    try:
        code, role = archive(app=SOURCE), lab.deploy_role("talk", policy=POLICY)
        function = lab.deploy_function("talk", code=code, handler="app.handler", role_arn=role)
        api = lab.deploy_websocket_api(
            "talk", function_arn=function.arn, routes=["$default"], answering=["$default"]
        )
        with connect(api.url, proxy=None) as client:
            client.send("{}")
            old = client.recv(timeout=20)
            supervisor.stop(settings.home)
            with pytest.raises(ConnectionClosed) as caught:
                client.recv(timeout=20)
        assert caught.value.rcvd is not None and caught.value.rcvd.code == 1001
        supervisor.start(settings.home)
        management = lab.target.session.client("apigatewaymanagementapi", endpoint_url=api.connections_url)
        with pytest.raises(management.exceptions.GoneException):
            management.get_connection(ConnectionId=old)
        with lab.websocket(api) as again:  # the deployment is remembered
            again.send({})
            assert again.receive() != old
    finally:
        supervisor.stop(settings.home)
