"""HTTP_PROXY integrations of HTTP APIs: the server's answer is the client's, and why there is none is not.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-http.html
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from labsupport.localcloud.record import CloudRecord
from tests.conformance.http_apis import HttpApi, http_api

UNAVAILABLE = (503, {"message": "Service Unavailable"})


class Server(ThreadingHTTPServer):
    """Answers what came, with the status that `x-status` asks for; /wait holds until `released`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.released = Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        if self.path.startswith("/wait"):
            self.server.released.wait(10)
        sent = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        body = json.dumps({"path": self.path, "x-a": self.headers["x-a"], "sent": sent}).encode()
        self.send_response(int(self.headers["x-status"] or 200))
        self.send_header("x-server", "mine")
        self.send_header("location", "/elsewhere")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.released.set()
        running.shutdown()


@pytest.fixture(scope="module")
def api(cloud: CloudRecord, cloud_home: Path, server: Server) -> Iterator[HttpApi]:
    with http_api(cloud_home) as built:
        built.route("POST /orders", forward(built, server.url))
        yield built


def forward(api: HttpApi, url: str, **settings: Any) -> str:
    created = api.gateway.create_integration(
        ApiId=api.api_id, IntegrationType="HTTP_PROXY", IntegrationMethod="ANY", IntegrationUri=url,
        PayloadFormatVersion="1.0", **settings,
    )  # fmt: skip
    return str(created["IntegrationId"])


@pytest.mark.parametrize("status", [200, 302, 404, 502])
def test_a_servers_answer_is_the_clients(api: HttpApi, status: int) -> None:
    answer = api.call(
        "/orders?a=1&a=2", "POST", headers={"x-a": "b", "x-status": str(status)}, content=b"hello"
    )
    assert answer.status_code == status
    assert answer.headers["x-server"] == "mine"
    assert answer.json() == {"path": "/orders?a=1&a=2", "x-a": "b", "sent": "hello"}


def test_the_client_does_not_learn_why_a_server_gave_no_answer(api: HttpApi, server: Server) -> None:
    with socket.socket() as reserved:  # bound, and it doesn't listen
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        api.route("POST /nobody", forward(api, url))
        answer = api.call("/nobody", "POST")
    assert (answer.status_code, answer.json()) == UNAVAILABLE
    api.route("POST /wait", forward(api, server.url, TimeoutInMillis=100))
    answer = api.call("/wait", "POST")
    assert (answer.status_code, answer.json()) == UNAVAILABLE


def test_the_access_log_tells_why(api: HttpApi, server: Server) -> None:
    logs, group = api.target.client("logs"), f"/aws/http/lab-{api.target.owner}"
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{api.target.region}:{api.target.account}:log-group:{group}"
    settings = {"DestinationArn": arn, "Format": "$context.status $context.integrationErrorMessage"}
    api.gateway.create_stage(
        ApiId=api.api_id, StageName="logged", AutoDeploy=True, AccessLogSettings=settings
    )
    api.route("POST /wait/late", forward(api, server.url, TimeoutInMillis=50))
    api.call("/wait/late", "POST", stage="logged")
    events = logs.filter_log_events(logGroupName=group)["events"]
    assert [event["message"] for event in events] == ["503 Endpoint request timed out"]
    logs.delete_log_group(logGroupName=group)


def test_a_server_that_is_not_on_this_machine_is_not_asked(api: HttpApi) -> None:
    logs, group = api.target.client("logs"), f"/aws/http/lab-{api.target.owner}-elsewhere"
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{api.target.region}:{api.target.account}:log-group:{group}"
    settings = {"DestinationArn": arn, "Format": "$context.integrationErrorMessage"}
    api.gateway.create_stage(
        ApiId=api.api_id, StageName="elsewhere", AutoDeploy=True, AccessLogSettings=settings
    )
    api.route("POST /elsewhere", forward(api, "http://192.0.2.1"))
    answer = api.call("/elsewhere", "POST", stage="elsewhere")
    assert (answer.status_code, answer.json()) == UNAVAILABLE
    [event] = logs.filter_log_events(logGroupName=group)["events"]
    assert event["message"] == "The local cloud asks servers on this machine only. 192.0.2.1 is none."
    logs.delete_log_group(logGroupName=group)
