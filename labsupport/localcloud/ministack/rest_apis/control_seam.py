"""The control plane of REST APIs: rules in front of MiniStack's operations, and operations that it hasn't."""

from __future__ import annotations

import copy
import json
import re
import time
import urllib.parse
from collections.abc import Awaitable, Callable
from typing import Any

from labsupport.localcloud.api_gateway.rest import rules
from labsupport.localcloud.api_gateway.rest.exchange import TEST_STAGE, Exchange
from labsupport.localcloud.ministack.rest_apis.arrival_seam import RestApiSeam
from labsupport.localcloud.ministack.rest_apis.cache_seam import RestCacheSeam
from labsupport.localcloud.ministack.rest_apis.deployments_seam import RestDeploymentsSeam
from labsupport.localcloud.ministack.rest_apis.openapi_seam import RestOpenApiSeam
from labsupport.localcloud.ministack.rest_apis.usage_seam import RestUsageSeam
from labsupport.localcloud.ministack.seams import replace

Answer = Any
Parts = tuple[str, ...]


class RestControlSeam:
    """Stand before MiniStack's router of the API Gateway V1 API."""

    def __init__(
        self,
        deployments: RestDeploymentsSeam,
        cache: RestCacheSeam,
        usage: RestUsageSeam,
        data_plane: RestApiSeam,
    ) -> None:
        """Take MiniStack's modules."""
        from ministack.services import apigateway_v1

        self._v1: Any = apigateway_v1
        self._deployments, self._cache = deployments, cache
        self._usage, self._data_plane = usage, data_plane
        self._openapi = RestOpenApiSeam()
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Answer]]] = [
            ("GET", re.compile(r"/usageplans/([^/]+)/usage"), self._get_usage),
            ("PATCH", re.compile(r"/usageplans/([^/]+)/keys/([^/]+)/usage"), self._update_usage),
            ("DELETE", re.compile(r"/restapis/([^/]+)/stages/([^/]+)/cache/data"), self._flush),
            ("DELETE", re.compile(r"/restapis/([^/]+)/stages/([^/]+)/cache/authorizers"), self._forget),
            ("PUT", re.compile(r"/restapis/([^/]+)"), self._put_rest_api),
        ]

    def attach(self) -> None:
        """Stand before MiniStack's operations."""
        self._openapi.attach()
        replace(self._v1, "handle_request", self._routing)
        replace(self._v1, "_create_rest_api", self._creating_api)
        replace(self._v1, "_rest_api_view", self._showing_api)
        replace(self._v1, "_put_integration", self._putting_integration)
        replace(self._v1, "_update_integration", self._updating_integration)
        replace(self._v1, "_create_stage", self._creating_stage)
        replace(self._v1, "_update_stage", self._updating_stage)
        replace(self._v1, "_deploy_to_stage", self._deploying)
        replace(self._v1, "_apply_stage_patch", self._patching_stage)

    def _routing(self, original: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
        async def handle(method: str, path: str, headers: Any, body: bytes, query: dict[str, Any]) -> Answer:
            path = urllib.parse.unquote(path).rstrip("/")
            tested = re.fullmatch(r"/restapis/([^/]+)/resources/([^/]+)/methods/([^/]+)", path)
            if tested and method == "POST":
                return await self._test_invoke(tested[1], tested[2], tested[3], json.loads(body or b"{}"))
            if method == "POST" and path == "/restapis" and "mode" in query:
                return self._openapi.create(body, query)
            for wanted, pattern, answer in self._routes:
                found = pattern.fullmatch(path)
                if found and method == wanted:
                    return answer(*found.groups(), body=body, query=query)
            given = await original(method, path, headers, body, query)
            return _without_values(given, query) if method == "GET" and path.startswith("/apikeys") else given

        return handle

    # Operations that MiniStack hasn't

    def _get_usage(self, plan_id: str, *, body: bytes, query: dict[str, Any]) -> Answer:
        return self._usage.usage(plan_id, query)

    def _update_usage(self, plan_id: str, key_id: str, *, body: bytes, query: dict[str, Any]) -> Answer:
        return self._usage.update_usage(plan_id, key_id, json.loads(body or b"{}"))

    def _put_rest_api(self, api_id: str, *, body: bytes, query: dict[str, Any]) -> Answer:
        return self._openapi.put(api_id, body, query)

    def _flush(self, api_id: str, stage: str, *, body: bytes, query: dict[str, Any]) -> Answer:
        if stage not in self._v1._stages_v1.get(api_id, {}):
            return self._v1._get_stage(api_id, stage)
        self._cache.flush(*self._deployments.api(api_id), stage)
        return 202, {}, b""

    def _forget(self, api_id: str, stage: str, *, body: bytes, query: dict[str, Any]) -> Answer:
        if stage not in self._v1._stages_v1.get(api_id, {}):
            return self._v1._get_stage(api_id, stage)
        cached = self._v1._authorizer_cache
        for key in [key for key in cached if (key[2], key[4]) == (api_id, stage)]:
            del cached[key]
        return 202, {}, b""

    async def _test_invoke(self, api_id: str, resource_id: str, method: str, data: dict[str, Any]) -> Answer:
        """Answer TestInvokeMethod: run a method as it is being edited, with no authorization before it."""
        records = copy.deepcopy(self._deployments.records(api_id))
        resource = records["_resources"].get(resource_id)
        tested = (resource or {}).get("resourceMethods", {})
        record = tested.get(method) or tested.get("ANY")
        if resource is None or record is None:
            return self._v1._get_method(api_id, resource_id, method)
        record |= {"authorizationType": "NONE", "apiKeyRequired": False}
        stage = {"stageName": TEST_STAGE, "variables": data.get("stageVariables") or {}}
        records |= {"_stages_v1": {TEST_STAGE: stage}}
        records["_rest_apis"] = {**records["_rest_apis"], "policy": None}
        path, _, query = (data.get("pathWithQueryString") or resource["path"]).partition("?")
        exchange = Exchange(
            *self._deployments.api(api_id),
            TEST_STAGE,
            method,
            path,
            {name.lower(): value for name, value in (data.get("headers") or {}).items()},
            urllib.parse.parse_qs(query, keep_blank_values=True),
            (data.get("body") or "").encode(),
        )
        with self._deployments.showing(self._deployments.api(api_id), records):
            status, headers, body = await self._data_plane.execute(exchange)
        return self._v1._v1_response(
            {
                "status": status,
                "body": body.decode("utf-8", "replace"),
                "headers": {
                    name: value[-1] if isinstance(value, list) else value for name, value in headers.items()
                },
                "multiValueHeaders": {
                    name: value if isinstance(value, list) else [value] for name, value in headers.items()
                },
                "log": exchange.log.test_text(exchange.request_id, time.time()),
                "latency": round(exchange.seconds() * 1000),
            }
        )

    # Rules in front of MiniStack's operations

    def _creating_api(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def create(data: dict[str, Any]) -> Answer:
            endpoint = data.get("endpointConfiguration") or {"types": ["EDGE"]}
            if problem := rules.endpoint_problem(endpoint):
                return self._refused(problem)
            answer = original({**data, "endpointConfiguration": endpoint})
            if answer[0] != 201:
                return answer
            api_id = json.loads(answer[2])["id"]
            for name, schema in rules.DEFAULT_MODELS.items():
                self._v1._create_model(api_id, {"name": name, "schema": json.dumps(schema)})
            api = self._v1._rest_apis[api_id]
            api["rootResourceId"] = next(iter(self._v1._resources[api_id]))
            return self._v1._v1_response(self._v1._rest_api_view(api), 201)

        return create

    def _showing_api(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def show(api: dict[str, Any]) -> Answer:
            """Show the tags as they are now; MiniStack shows those that the API was made with."""
            tags = self._v1._v1_tags.get(self._v1._rest_api_arn(api["id"]), {})
            return {**original(api), "tags": dict(tags)}

        return show

    def _putting_integration(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def put(api_id: str, resource_id: str, http_method: str, data: dict[str, Any]) -> Answer:
            if problem := rules.timeout_problem(data.get("timeoutInMillis"), self._endpoint_types(api_id)):
                return self._refused(problem)
            answer = original(api_id, resource_id, http_method, data)
            if answer[0] != 201:
                return answer
            methods = self._v1._resources[api_id][resource_id]["resourceMethods"]
            integration = methods[http_method]["methodIntegration"]
            integration["cacheNamespace"] = data.get("cacheNamespace") or resource_id
            return self._v1._v1_response(integration, 201)

        return put

    def _updating_integration(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def update(api_id: str, resource_id: str, http_method: str, data: dict[str, Any]) -> Answer:
            resource = self._v1._resources.get(api_id, {}).get(resource_id) or {}
            method = resource.get("resourceMethods", {}).get(http_method) or {}
            keys: list[str] = list((method.get("methodIntegration") or {}).get("cacheKeyParameters") or [])
            others = []
            for patch in data.get("patchOperations", []):
                path = patch.get("path", "")
                if path == "/timeoutInMillis":
                    types = self._endpoint_types(api_id)
                    if problem := rules.timeout_problem(patch.get("value"), types):
                        return self._refused(problem)
                    patch = {**patch, "value": int(patch["value"])}
                if not path.startswith("/cacheKeyParameters/"):
                    others.append(patch)
                elif patch["op"] == "remove":
                    keys.remove(path.removeprefix("/cacheKeyParameters/"))
                else:
                    keys.append(path.removeprefix("/cacheKeyParameters/"))
            changed = {"op": "replace", "path": "/cacheKeyParameters", "value": keys}
            return original(api_id, resource_id, http_method, {"patchOperations": [*others, changed]})

        return update

    def _creating_stage(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def create(api_id: str, data: dict[str, Any]) -> Answer:
            answer = original(api_id, data)
            if answer[0] != 201:
                return answer
            stage = rules.with_cache_status(self._v1._stages_v1.get(api_id)[data["stageName"]])
            return self._v1._v1_response(stage, 201)

        return create

    def _updating_stage(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def update(api_id: str, stage_name: str, data: dict[str, Any]) -> Answer:
            settings = self._v1._account_settings.get("settings") or {}
            operations = data.get("patchOperations", [])
            problem = rules.stage_problem(operations, has_log_role=bool(settings.get("cloudwatchRoleArn")))
            if problem:
                return self._refused(problem)
            answer = original(api_id, stage_name, data)
            paths = [patch.get("path", "") for patch in operations]
            if any(path == "/deploymentId" or path.startswith("/cacheCluster") for path in paths):
                self._cache.flush(*self._deployments.api(api_id), stage_name)
            return answer

        return update

    def _deploying(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def deploy(api_id: str, deployment_id: str, stage_name: str, *arguments: Any) -> Answer:
            self._cache.flush(*self._deployments.api(api_id), stage_name)
            return rules.with_cache_status(original(api_id, deployment_id, stage_name, *arguments))

        return deploy

    def _patching_stage(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def patch(stage: dict[str, Any], operations: list[dict[str, Any]]) -> None:
            original(stage, operations)
            rules.with_cache_status(stage)

        return patch

    def _endpoint_types(self, api_id: str) -> list[str]:
        api = self._v1._rest_apis.get(api_id) or {}
        return list((api.get("endpointConfiguration") or {}).get("types") or ["EDGE"])

    def _refused(self, message: str) -> Answer:
        return self._v1._v1_error("BadRequestException", message, 400)


def _without_values(answer: Answer, query: dict[str, Any]) -> Answer:
    """Leave out the values of API keys, unless they were asked for (includeValue, includeValues)."""
    asked = [query.get(name) for name in ("includeValue", "includeValues")]
    if any(value in ("true", ["true"]) for value in asked) or answer[0] != 200:
        return answer
    status, headers, body = answer
    shown = json.loads(body)
    for key in shown.get("item", [shown]):
        key.pop("value", None)
    return status, headers, json.dumps(shown).encode()
