"""An HTTP API with one function behind its routes: what it does stands in the header `x-do`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from labsupport.packaging import zip_files
from labsupport.resources.function import deploy_function
from labsupport.resources.role import deploy_role
from labsupport.settings import Settings
from labsupport.target import Target, connect
from labsupport.teardown import teardown

LOGS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
CODE = """
import json, time

def handler(event, context):
    do = json.loads((event.get("headers") or {}).get("x-do") or "{}")
    if "raise" in do:
        raise ValueError(do["raise"])
    time.sleep(do.get("sleep", 0))
    if "size" in do:
        return {"statusCode": 200, "body": "x" * do["size"]}
    if "return" in do:
        return do["return"]
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""


@dataclass
class HttpApi:
    """An API, its function and a client."""

    target: Target
    function_arn: str
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))
    api_id: str = ""
    integration_id: str = ""

    @property
    def gateway(self) -> Any:
        return self.target.client("apigatewayv2")

    @property
    def source(self) -> str:
        return f"arn:aws:execute-api:{self.target.region}:{self.target.account}:{self.api_id}"

    def build(self, **settings: Any) -> None:
        """Create the API, with an integration, the permission and an auto-deployed default stage."""
        self.api_id = self.gateway.create_api(
            Name="conformance", ProtocolType="HTTP", Tags=self.target.tags(), **settings
        )["ApiId"]
        self.integration_id = self.integrate()
        self.permit(self.function_arn, f"{self.source}/*")
        self.gateway.create_stage(ApiId=self.api_id, StageName="$default", AutoDeploy=True)

    def permit(self, function_arn: str, source_arn: str) -> None:
        self.target.client("lambda").add_permission(
            FunctionName=function_arn,
            StatementId=f"s{uuid.uuid4().hex[:8]}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=source_arn,
        )

    def integrate(self, uri: str = "", payload_format: str = "2.0", **settings: Any) -> str:
        created = self.gateway.create_integration(
            ApiId=self.api_id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=uri or self.function_arn,
            PayloadFormatVersion=payload_format,
            **settings,
        )
        return str(created["IntegrationId"])

    def route(self, key: str, integration_id: str = "", **settings: Any) -> str:
        target = f"integrations/{integration_id or self.integration_id}"
        created = self.gateway.create_route(ApiId=self.api_id, RouteKey=key, Target=target, **settings)
        return str(created["RouteId"])

    def url(self, path: str, stage: str = "$default") -> str:
        endpoint = self.target.client("sts").meta.endpoint_url
        return f"{endpoint}/_aws/execute-api/{self.api_id}/{stage}{path}"

    def call(
        self, path: str, method: str = "GET", do: Any = None, headers: Any = (), stage: str = "$default",
        **request: Any,
    ) -> httpx.Response:  # fmt: skip
        sent = [*dict(headers).items()] if isinstance(headers, dict) else [*headers]
        if do is not None:
            sent.append(("x-do", json.dumps(do)))
        return self.client.request(method, self.url(path, stage), headers=sent, **request)

    def event(self, path: str, method: str = "GET", **request: Any) -> dict[str, Any]:
        """Return the event that the function got."""
        answer = self.call(path, method, **request)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def function(self, thing: str, code: str) -> str:
        """Deploy another function, and return its ARN."""
        name = f"lab-{self.target.owner}-{thing}"
        role_arn = deploy_role(self.target, name, policy=LOGS)
        return deploy_function(
            self.target, name, code=zip_files({"handler.py": code.encode()}), role_arn=role_arn
        ).arn


@contextmanager
def http_api(home: Path, **settings: Any) -> Iterator[HttpApi]:
    """Build an API for the tests of one file, and take everything away after them."""
    owner = f"t{uuid.uuid4().hex[:8]}"
    target = connect(replace(Settings.from_environment({}), home=home, owner=owner), notebook="06")
    api = HttpApi(target, "")
    api.function_arn = api.function("echo", CODE)
    api.build(**settings)
    try:
        yield api
    finally:
        api.client.close()
        api.gateway.delete_api(ApiId=api.api_id)
        teardown(target, late_log_seconds=0)
