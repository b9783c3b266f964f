"""Who may connect to a WebSocket API, how often, and what API Gateway writes down of it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-control-access.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from labsupport.errors import LabError
from labsupport.lab import Lab
from labsupport.localcloud.record import CloudRecord
from labsupport.resources.websocket_api import WebSocketApiDescription
from labsupport.settings import Settings
from labsupport.teardown import teardown
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

SOURCE = """
    def handler(event, context):
        if event.get("type") == "REQUEST":
            token = event["headers"]["token"]
            if token == "broken":
                raise ValueError("as told")
            effect = "Allow" if token == "good" else "Deny"
            statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
            policy = {"Version": "2012-10-17", "Statement": [statement]}
            return {"principalId": "anna", "policyDocument": policy, "context": {"group": 7}}
        authorizer = event["requestContext"].get("authorizer") or {}
        return {"statusCode": 200, "body": authorizer.get("group", "nobody")}
"""


@pytest.fixture(scope="module")
def lab(cloud: CloudRecord, cloud_home: Path) -> Iterator[Lab]:
    settings = replace(Settings.from_environment({}), home=cloud_home, owner=f"t{uuid.uuid4().hex[:8]}")
    lab = Lab("07", settings=settings)
    lab.deploy_function(
        "door",
        code=archive(app=SOURCE),
        handler="app.handler",
        role_arn=lab.deploy_role("door", policy=POLICY),
        memory_mb=1769,
    )
    yield lab
    teardown(lab.target, late_log_seconds=0)


POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["logs:*"], "Resource": "*"}],
}


def deploy(lab: Lab, name: str) -> WebSocketApiDescription:
    arn = f"arn:aws:lambda:{lab.region}:{lab.account}:function:{lab.name('door')}"
    return lab.deploy_websocket_api(
        name, function_arn=arn, routes=["$connect", "$default"], answering=["$default"]
    )


def change_connect(lab: Lab, api: WebSocketApiDescription, **settings: Any) -> None:
    """Change the $connect route, and deploy the change."""
    client = lab.client("apigatewayv2")
    routes = {route["RouteKey"]: route["RouteId"] for route in client.get_routes(ApiId=api.id)["Items"]}
    client.update_route(ApiId=api.id, RouteId=routes["$connect"], **settings)
    deployment = client.create_deployment(ApiId=api.id)["DeploymentId"]
    client.update_stage(ApiId=api.id, StageName=api.stage, DeploymentId=deployment)


def refusal(lab: Lab, api: WebSocketApiDescription, **options: Any) -> str:
    with pytest.raises(LabError) as caught, lab.websocket(api, **options):
        pass
    return caught.value.cause


def test_a_lambda_authorizer_lets_in_refuses_and_names_the_client(lab: Lab) -> None:
    api, client = deploy(lab, "guarded"), lab.client("apigatewayv2")
    arn = f"arn:aws:lambda:{lab.region}:{lab.account}:function:{lab.name('door')}"
    authorizer = client.create_authorizer(
        ApiId=api.id,
        Name="door",
        AuthorizerType="REQUEST",
        AuthorizerUri=f"arn:aws:apigateway:{lab.region}:lambda:path/2015-03-31/functions/{arn}/invocations",
        IdentitySource=["route.request.header.token"],
    )["AuthorizerId"]
    change_connect(lab, api, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    with lab.websocket(api, headers={"token": "good"}) as socket:
        socket.send({"who": "am I"})
        assert socket.receive() == 7
    assert "401" in refusal(lab, api)
    assert "403" in refusal(lab, api, headers={"token": "bad"})
    assert "500" in refusal(lab, api, headers={"token": "broken"})
    permit = {"FunctionName": lab.name("door"), "StatementId": f"api-{lab.name('guarded')}"}
    lab.client("lambda").remove_permission(**permit)
    lab.client("lambda").add_permission(
        **permit,
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"{api.execute_arn}/live/*",  # the routes', not the authorizer's
    )
    assert "500" in refusal(lab, api, headers={"token": "good"})


def test_with_aws_iam_the_handshake_is_signed_and_a_policy_allows_it(lab: Lab) -> None:
    api = deploy(lab, "signed")
    change_connect(lab, api, AuthorizationType="AWS_IAM")
    assert "403" in refusal(lab, api)
    iam, user = lab.client("iam"), lab.name("caller")
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    request = AWSRequest("GET", api.connections_url)
    SigV4QueryAuth(
        Credentials(key["AccessKeyId"], key["SecretAccessKey"]), "execute-api", lab.region
    ).add_auth(request)
    query = dict(part.split("=", 1) for part in request.url.partition("?")[2].split("&"))
    signed = replace(api, url=api.url + "?" + "&".join(f"{name}={value}" for name, value in query.items()))
    assert "403" in refusal(lab, signed)
    statement = {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": f"{api.execute_arn}/live/$connect",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=policy)
    with lab.websocket(signed) as socket:
        socket.send({})
        assert socket.receive() == "nobody"
    iam.delete_user_policy(UserName=user, PolicyName="p")
    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=user)


def test_a_stage_throttles_messages_and_writes_what_happened(lab: Lab) -> None:
    api, client, logs = deploy(lab, "watched"), lab.client("apigatewayv2"), lab.client("logs")
    group = f"/aws/apigateway/{lab.name('watched')}"
    logs.create_log_group(logGroupName=group)
    client.update_stage(
        ApiId=api.id,
        StageName=api.stage,
        RouteSettings={"$default": {"ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 0.001}},
        AccessLogSettings={
            "DestinationArn": f"arn:aws:logs:{lab.region}:{lab.account}:log-group:{group}",
            "Format": "$context.eventType $context.routeKey $context.status $context.error.message",
        },
    )
    with lab.websocket(api) as socket:
        socket.send({})
        assert socket.receive() == "nobody"
        socket.send({})
        assert socket.receive()["message"] == "Too Many Requests"
    lines = lab.wait_until(
        lambda: _three_lines(logs, group), doing="waiting for the access log", timeout_seconds=20
    )
    assert lines == [
        "CONNECT $connect 200 -",
        "MESSAGE $default 200 -",
        "MESSAGE $default 429 Too Many Requests",
    ]
    assert total(lab, api, "ConnectCount") == 1
    assert total(lab, api, "MessageCount") == 4
    assert total(lab, api, "ClientError") == 1
    assert total(lab, api, "IntegrationLatency", "SampleCount") == 2
    logs.delete_log_group(logGroupName=group)


def _three_lines(logs: Any, group: str) -> list[str] | None:
    lines = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    return lines if len(lines) == 3 else None


def total(lab: Lab, api: WebSocketApiDescription, metric: str, statistic: str = "Sum") -> float:
    now = datetime.now(UTC)
    points = lab.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/ApiGateway",
        MetricName=metric,
        Dimensions=[{"Name": "ApiId", "Value": api.id}, {"Name": "Stage", "Value": api.stage}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=[statistic],
    )["Datapoints"]
    return float(sum(point[statistic] for point in points))


def test_the_notebooks_client_says_why_and_keeps_what_was_said(lab: Lab) -> None:
    api = deploy(lab, "told")
    with lab.websocket(api) as socket:
        socket.send({"a": 1})
        assert socket.receive(until=lambda message: message == "nobody") == "nobody"
        with pytest.raises(LabError, match=r"none came within 0\.1 s"):
            socket.receive(timeout_seconds=0.1)
    assert [(said.who, said.json()) for said in socket.transcript] == [
        ("client", {"a": 1}),
        ("server", "nobody"),
    ]
    assert 0 < socket.transcript[0].seconds < socket.transcript[1].seconds
    with pytest.raises(LabError, match="the connection is closed, with the code 1000"):
        socket.send("more")
    assert "403: " in refusal(lab, replace(api, url=api.url.replace("/live", "/nowhere")))
