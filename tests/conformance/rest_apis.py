"""Build REST APIs in a few lines, and call them."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

import httpx

from labsupport.lab import Lab
from tests.conformance.conftest import archive

# What the function does stands in the request: ?do=..., or a body. By default it answers with its event.
CODE = archive(
    app="""
        import base64, json, time

        count = 0

        def handler(event, context):
            global count
            count += 1
            query = event.get("queryStringParameters") or {}
            do = query.get("do", "echo")
            if do == "raise":
                raise ValueError("secret")
            if do == "sleep":
                time.sleep(1)
            if do == "answer":
                return json.loads(event["body"])
            if do == "count":
                return {"statusCode": int(query.get("status", 200)), "body": str(count)}
            if do == "large":
                return {"statusCode": 200, "body": f"{count} ".ljust(1_048_577)}
            return {"statusCode": 200, "body": json.dumps(event)}
    """
)
Method = dict[str, Any]


class RestApi:
    """A REST API in the local cloud."""

    def __init__(self, lab: Lab, name: str, **settings: Any) -> None:
        """Create an API without methods."""
        self.lab, self.client = lab, lab.client("apigateway")
        made = self.client.create_rest_api(name=lab.name(name), **settings)
        self.id, self.name, self.root = made["id"], made["name"], made["rootResourceId"]
        self.resources = {"/": self.root}

    def resource(self, path: str) -> str:
        """Return a resource's id, and create it if need be."""
        if path not in self.resources:
            above, _, part = path.rpartition("/")
            made = self.client.create_resource(
                restApiId=self.id, parentId=self.resource(above or "/"), pathPart=part
            )
            self.resources[path] = made["id"]
        return self.resources[path]

    def place(self, path: str, method: str = "GET") -> dict[str, str]:
        """Return what names a method in API Gateway's operations."""
        return {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": method}

    def put_method(self, path: str, method: str = "GET", **settings: Any) -> dict[str, str]:
        """Add a method."""
        place = self.place(path, method)
        self.client.put_method(**place, **{"authorizationType": "NONE", **settings})
        return place

    def mock(self, path: str, method: str = "GET", *, answer: str = "{}", **settings: Any) -> dict[str, str]:
        """Add a method that answers by itself."""
        place = self.put_method(path, method, **settings)
        templates = {"application/json": '{"statusCode": 200}'}
        self.client.put_integration(**place, type="MOCK", requestTemplates=templates)
        self.client.put_method_response(**place, statusCode="200")
        self.client.put_integration_response(
            **place, statusCode="200", responseTemplates={"application/json": answer}
        )
        return place

    def function(
        self, path: str, arn: str, method: str = "GET", integration: Method | None = None, **settings: Any
    ) -> dict[str, str]:
        """Add a method with a Lambda proxy integration. Nobody allows it to invoke the function."""
        place = self.put_method(path, method, **settings)
        self.client.put_integration(
            **place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri(arn), **(integration or {})
        )
        return place

    def allow(self, arn: str, source: str = "*/*/*") -> None:
        """Let this API invoke a function."""
        self.lab.client("lambda").add_permission(
            FunctionName=arn,
            StatementId=f"api-{self.id}-{abs(hash(source))}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:us-east-1:{arn.split(':')[4]}:{self.id}/{source}",
        )

    def deploy(self, stage: str = "test", **settings: Any) -> str:
        """Deploy to a stage; returns the deployment's id."""
        return str(self.client.create_deployment(restApiId=self.id, stageName=stage, **settings)["id"])

    def set(self, stage: str = "test", **patches: str) -> dict[str, Any]:
        """Update a stage: `__` stands for a slash, so that `__caching__enabled` is of all methods."""
        operations = [
            {"op": "replace", "path": path.replace("__", "/"), "value": value}
            for path, value in patches.items()
        ]
        return dict(self.client.update_stage(restApiId=self.id, stageName=stage, patchOperations=operations))

    def patch(self, operations: dict[str, str], stage: str = "test") -> dict[str, Any]:
        """Update a stage by paths."""
        patches = [{"op": "replace", "path": path, "value": value} for path, value in operations.items()]
        return dict(self.client.update_stage(restApiId=self.id, stageName=stage, patchOperations=patches))

    def url(self, path: str, stage: str = "test") -> str:
        """Return an address on the local cloud."""
        return f"{self.lab.target.endpoint_url}/_aws/execute-api/{self.id}/{stage}{path}"

    def call(self, path: str, method: str = "GET", stage: str = "test", **request: Any) -> httpx.Response:
        """Send a request."""
        # Without TLS, or httpx would load the certificates of all authorities for each request.
        return httpx.request(
            method, self.url(path, stage), timeout=30, trust_env=False, verify=False, **request
        )


def uri(function_arn: str) -> str:
    """Return the URI of an integration with a function."""
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function_arn}/invocations"


def answer_of(response: Any) -> dict[str, Any]:
    """Return the request in which the function answers with this."""
    return {"params": {"do": "answer"}, "content": json.dumps(response), "method": "POST"}


def quoted(text: str) -> str:
    """Return a text as it stands in a path."""
    return urllib.parse.quote(text, safe="")
