"""WebSocket APIs through a real client: routes, refusals, @connections, limits of messages.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
"""

from __future__ import annotations

import json
import socket
import struct
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_to

from labsupport.lab import Lab
from labsupport.localcloud.record import CloudRecord
from labsupport.resources.websocket_api import WebSocketApiDescription
from labsupport.settings import Settings
from labsupport.teardown import teardown
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

SOURCE = """
    import json, time
    def handler(event, context):
        about = event["requestContext"]
        if about["eventType"] == "CONNECT":
            query = event.get("queryStringParameters") or {}
            if "fail" in query:
                raise ValueError("as told")
            return {"statusCode": int(query["status"])} if "status" in query else {"statusCode": 200}
        if about["eventType"] == "DISCONNECT":
            print("left", about["connectionId"], about["disconnectStatusCode"], about["disconnectReason"])
            return {"statusCode": 200}
        if about["routeKey"] == "fail":
            raise ValueError("as told")
        if about["routeKey"] == "nothing":
            return None
        if about["routeKey"] == "missing":
            return {"statusCode": 404, "body": "not there"}
        return {"statusCode": 200, "body": json.dumps(event)}
"""
ROUTES = ("$connect", "$disconnect", "$default", "echo", "one-way", "fail", "nothing", "missing")
ANSWERING = ("$default", "echo", "missing")


@pytest.fixture(scope="module")
def lab(cloud: CloudRecord, cloud_home: Path) -> Iterator[Lab]:
    """One function, and one API, for the tests that only use them."""
    settings = replace(Settings.from_environment({}), home=cloud_home, owner=f"t{uuid.uuid4().hex[:8]}")
    lab = Lab("07", settings=settings)
    role = lab.deploy_role(
        "ws",
        policy={
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": ["logs:*"], "Resource": "*"}],
        },
    )
    lab.deploy_function(
        "ws",
        code=archive(app=SOURCE),
        handler="app.handler",
        role_arn=role,
        memory_mb=1769,
        timeout_seconds=10,
    )
    yield lab
    teardown(lab.target, late_log_seconds=0)


@pytest.fixture(scope="module")
def api(lab: Lab) -> WebSocketApiDescription:
    return deploy(lab, "chat")


def deploy(lab: Lab, name: str, **options: Any) -> WebSocketApiDescription:
    arn = lab.client("lambda").get_function(FunctionName=lab.name("ws"))["Configuration"]["FunctionArn"]
    options = {"routes": ROUTES, "answering": ANSWERING} | options
    return lab.deploy_websocket_api(name, function_arn=arn, **options)


def connect(url: str, **options: Any) -> ClientConnection:
    return connect_to(url, proxy=None, compression=None, open_timeout=20, **options)


def opened(url: str, **options: Any) -> ClientConnection:
    return connect(url, **options).__enter__()


def ask(client: ClientConnection, message: Any) -> Any:
    client.send(message if isinstance(message, str) else json.dumps(message))
    return json.loads(client.recv(timeout=20))


def refused(url: str, **options: Any) -> tuple[int, Any]:
    with pytest.raises(InvalidStatus) as caught:
        opened(url, **options)
    response = caught.value.response
    return response.status_code, json.loads(response.body or b"null")


def manager(lab: Lab, api: WebSocketApiDescription, **credentials: str) -> Any:
    return lab.target.session.client(
        "apigatewaymanagementapi", endpoint_url=api.connections_url, **credentials
    )


def connection_id(client: ClientConnection) -> str:
    return str(ask(client, {"action": "echo"})["requestContext"]["connectionId"])


def error_of(call: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]


def wait_for_log(lab: Lab, text: str) -> str:
    def found() -> str | None:
        events = lab.client("logs").filter_log_events(
            logGroupName=f"/aws/lambda/{lab.name('ws')}", filterPattern=f'"{text}"'
        )["events"]
        return events[0]["message"] if events else None

    return lab.wait_until(found, doing=f"waiting for {text} in the log", timeout_seconds=20)


def test_the_field_of_the_selection_expression_names_the_route(api: WebSocketApiDescription) -> None:
    with connect(api.url) as client:
        for message, route in [
            ({"action": "echo"}, "echo"),
            ({"action": "other"}, "$default"),
            ("no JSON", "$default"),
            ({"action": "$connect"}, "$default"),
        ]:
            event = ask(client, message)
            about = event["requestContext"]
            assert (about["routeKey"], about["eventType"]) == (route, "MESSAGE")
            assert event["body"] == (message if isinstance(message, str) else json.dumps(message))
        assert {"connectionId", "requestId", "messageId", "apiId", "stage", "connectedAt"} <= about.keys()


def test_only_a_route_with_a_route_response_answers(api: WebSocketApiDescription) -> None:
    with connect(api.url) as client:
        client.send(json.dumps({"action": "one-way"}))
        client.send(json.dumps({"action": "missing"}))
        assert client.recv(timeout=20) == "not there"
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.3)


def test_connect_refuses_with_the_status_of_its_function(api: WebSocketApiDescription) -> None:
    assert refused(f"{api.url}?status=401")[0] == 401
    assert refused(f"{api.url}?status=503")[0] == 503
    status, body = refused(f"{api.url}?fail=1")
    assert (status, body["message"]) == (500, "Internal server error")


def test_without_permission_to_invoke_the_handshake_is_refused_with_500(lab: Lab) -> None:
    api = deploy(lab, "forbidden")
    lab.client("lambda").remove_permission(
        FunctionName=lab.name("ws"), StatementId=f"api-{lab.name('forbidden')}"
    )
    assert refused(api.url)[0] == 500


def test_an_unknown_stage_or_one_without_a_deployment_is_forbidden(
    lab: Lab, api: WebSocketApiDescription
) -> None:
    client = lab.client("apigatewayv2")
    client.create_stage(ApiId=api.id, StageName="empty")
    for stage in ("nowhere", "empty"):
        status, body = refused(api.url.replace("/live", f"/{stage}"))
        assert (status, body["message"]) == (403, "Forbidden")


def test_a_failing_function_and_a_missing_route_are_told_on_the_socket(lab: Lab) -> None:
    api = deploy(lab, "bare", routes=("fail", "nothing"), answering=())
    with connect(api.url) as client:
        for action, text in [
            ("fail", "Internal server error"),
            ("nothing", "Internal server error"),
            ("other", "Forbidden"),
        ]:
            answer = ask(client, {"action": action})
            assert answer["message"] == text
            assert answer.keys() == {"message", "connectionId", "requestId"}


def test_a_change_is_shown_once_it_is_deployed(lab: Lab) -> None:
    api = deploy(lab, "changing", routes=("$default", "echo"), answering=("echo",))
    client = lab.client("apigatewayv2")
    routes = {route["RouteKey"]: route["RouteId"] for route in client.get_routes(ApiId=api.id)["Items"]}
    for route in routes.values():
        client.delete_route(ApiId=api.id, RouteId=route)
    with connect(api.url) as socket_:
        assert ask(socket_, {"action": "echo"})["requestContext"]["routeKey"] == "echo"
    deployment = client.create_deployment(ApiId=api.id)["DeploymentId"]
    client.update_stage(ApiId=api.id, StageName="live", DeploymentId=deployment)
    with connect(api.url) as socket_:
        assert ask(socket_, {"action": "echo"})["message"] == "Forbidden"


def test_connections_are_posted_to_described_and_deleted(lab: Lab, api: WebSocketApiDescription) -> None:
    management = manager(lab, api)
    with connect(api.url, user_agent_header="me") as client:
        name = connection_id(client)
        management.post_to_connection(ConnectionId=name, Data="schön".encode())
        assert client.recv(timeout=20) == "schön"
        found = management.get_connection(ConnectionId=name)
        assert found["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "me"}
        assert found["ConnectedAt"] <= found["LastActiveAt"]
        too_long = b"x" * (128 * 1024 + 1)
        assert error_of(lambda: management.post_to_connection(ConnectionId=name, Data=too_long)) == (
            "PayloadTooLargeException",
            413,
        )
        management.delete_connection(ConnectionId=name)
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=20)
    for call in (management.get_connection, management.delete_connection):
        assert error_of(lambda call=call: call(ConnectionId=name)) == ("GoneException", 410)
    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=name, Data=b"x")


def test_who_may_manage_connections_is_a_matter_of_policy(lab: Lab, api: WebSocketApiDescription) -> None:
    iam, user = lab.client("iam"), lab.name("poster")
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    credentials = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    allowed = {
        "Effect": "Allow",
        "Action": "execute-api:ManageConnections",
        "Resource": f"{api.execute_arn}/live/POST/@connections/*",
    }
    management = manager(lab, api, **credentials)
    with connect(api.url) as client:
        name = connection_id(client)
        assert error_of(lambda: management.post_to_connection(ConnectionId=name, Data=b"x"))[1] == 403
        iam.put_user_policy(
            UserName=user,
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
        )
        management.post_to_connection(ConnectionId=name, Data=b"hello")
        assert client.recv(timeout=20) == "hello"
        assert error_of(lambda: management.get_connection(ConnectionId=name))[1] == 403
    iam.delete_user_policy(UserName=user, PolicyName="p")
    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=user)


def test_what_is_too_big_or_binary_ends_the_connection(api: WebSocketApiDescription) -> None:
    def code_after(*frames: str | bytes) -> int:
        with connect(api.url) as client, pytest.raises(ConnectionClosed) as caught:
            client.send(frames[0] if len(frames) == 1 else list(frames))  # may be cut off on its way
            client.recv(timeout=20)
        return int(caught.value.rcvd.code)

    frame = "x" * 32 * 1024
    with connect(api.url) as client:
        assert len(ask(client, frame)["body"]) == 32 * 1024
    assert code_after(frame + "x") == 1009
    assert code_after(*[frame] * 4, "x") == 1009
    assert code_after(b"\x00\x01") == 1003


def test_disconnect_runs_however_the_client_leaves(lab: Lab, api: WebSocketApiDescription) -> None:
    with connect(api.url) as polite:
        polite_id = connection_id(polite)
        polite.close(4000, "enough")
    assert wait_for_log(lab, f"left {polite_id}").endswith("4000 enough\n")
    with connect(api.url) as vanishing:
        vanished_id = connection_id(vanishing)
        # Zero seconds to linger: the client's machine resets the connection, and sends no close frame.
        vanishing.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        vanishing.socket.shutdown(socket.SHUT_RD)  # its receiving thread would keep the socket open
        vanishing.socket.close()
    wait_for_log(lab, f"left {vanished_id} 1006")
    assert error_of(lambda: manager(lab, api).get_connection(ConnectionId=vanished_id))[0] == "GoneException"


def test_200_clients_are_open_at_once_and_each_gets_its_message(lab: Lab) -> None:
    api = deploy(lab, "many", routes=("echo",), answering=("echo",))
    management = manager(lab, api)
    with ExitStack() as stack, ThreadPoolExecutor(16) as pool:
        clients = [stack.enter_context(each) for each in pool.map(lambda _: opened(api.url), range(200))]
        ids = list(pool.map(connection_id, clients))
        assert len(set(ids)) == 200
        list(pool.map(lambda name: management.post_to_connection(ConnectionId=name, Data=name), ids))
        assert [client.recv(timeout=20) for client in clients] == ids


def test_a_page_of_another_origin_may_not_connect(api: WebSocketApiDescription) -> None:
    for origin in ("https://example.com", "null"):  # a page in a sandboxed frame says "null"
        with pytest.raises(InvalidStatus) as caught:
            opened(api.url, origin=origin)
        assert caught.value.response.status_code == 403
    for origin in ("http://localhost:8888", "http://127.0.0.1:8888"):
        with connect(api.url, origin=origin) as client:
            assert connection_id(client)
