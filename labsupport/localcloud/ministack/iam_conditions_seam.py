"""What IAM is asked about, beyond what MiniStack tells it: resources, boundaries, and tags of more services.

The function that CreateFunction makes and the table whose tags are listed are the actions' resources. API
Gateway, Cognito and Knowledge Bases give out ids: what is whose there, only tags tell.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from labsupport.localcloud import lambda_api
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import iam_lambda_resource, iam_permissions_boundary

Answer = Any
TAGS_OF_REQUESTS = {"apigateway": "tags", "cognito-idp": "UserPoolTags"}
"""Where requests of a service carry tags, as far as MiniStack doesn't see them."""


class IamConditionsSeam:
    """Conditions of requests."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import iam_actions, iam_evaluator
        from ministack.services import apigateway, apigateway_v1, bedrock_agent, cognito, iam

        self._actions: Any = iam_actions
        self._evaluator: Any = iam_evaluator
        self._http_apis: Any = apigateway
        self._rest_apis: Any = apigateway_v1
        self._knowledge_bases: Any = bedrock_agent
        self._cognito: Any = cognito
        self._iam: Any = iam

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        replace(self._actions, "extract_resource_arn", self._with_the_resource)
        replace(self._actions, "request_tag_context", self._with_boundary)
        replace(self._evaluator, "enforce", self._with_resource_tags)

    def _with_the_resource(self, original: Callable[..., str]) -> Callable[..., str]:
        def resource(
            service: str,
            method: str,
            path: str,
            headers: Any,
            body: bytes,
            query_params: Any,
            region: str,
            account_id: str,
        ) -> str:
            found = original(service, method, path, headers, body, query_params, region, account_id)
            if service == "dynamodb" and found == "*":
                return self._actions._safe_json_field(body, "ResourceArn") or found  # its tags
            if service == "bedrock-agent" and found == "*" and path.startswith("/tags/"):
                return unquote(path.removeprefix("/tags/"))
            if service == "lambda" and (call := lambda_api.read(method, path, headers, query_params, body)):
                if call.name == "CreateFunction" and (name := call.parameters.get("FunctionName")):
                    return name if name.startswith("arn:") else _function_arn(region, account_id, name)
                return iam_lambda_resource.resource(call.name, call.parameters, found)
            return found

        return resource

    def _with_boundary(self, original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def context(service: str, iam_action: str, body: bytes, params: Any) -> dict[str, Any]:
            found = original(service, iam_action, body, params)
            if name := TAGS_OF_REQUESTS.get(service):
                return found | {f"aws:RequestTag/{key}": value for key, value in _field(body, name).items()}
            if service != "iam":
                return found

            def named(name: str) -> str:
                return str(self._actions._query_param(params, name))

            return found | iam_permissions_boundary.context(
                iam_action,
                named=named("PermissionsBoundary"),
                attached=self._attached(named("RoleName"), named("UserName")),
            )

        return context

    def _attached(self, role_name: str, user_name: str) -> str:
        principal = self._iam._roles.get(role_name) or self._iam._users.get(user_name) or {}
        return str(principal.get("PermissionsBoundary") or "")

    def _with_resource_tags(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def enforce(
            access_key_id: str,
            iam_action: str,
            service: str,
            region: str,
            resource_arn: str = "*",
            service_context: dict[str, Any] | None = None,
        ) -> Answer:
            tags = {f"aws:ResourceTag/{key}": value for key, value in self._tags(resource_arn).items()}
            context = tags | (service_context or {})
            return original(access_key_id, iam_action, service, region, resource_arn, context)

        return enforce

    def _tags(self, arn: str) -> Mapping[str, str]:
        """Return the tags of what has an id; what is below an API is tagged as the API."""
        service = arn.split(":")[2:3]
        if service == ["apigateway"]:
            arn = unquote(arn.partition("/tags/")[2]) or arn  # tags are changed under an address of their own
            head, kind, thing = [*arn.split("/", 3), "", ""][:3]
            whole = f"{head}/{kind}/{thing}"
            keys_and_plans = self._rest_apis._api_keys.get(thing) or self._rest_apis._usage_plans.get(thing)
            return (
                self._http_apis._api_tags.get(whole)
                or self._rest_apis._v1_tags.get(whole)
                or (keys_and_plans or {}).get("tags")
                or {}
            )
        if service == ["cognito-idp"]:
            pool = self._cognito._user_pools.get(arn.rpartition("/")[2]) or {}
            return pool.get("UserPoolTags") or {}
        if service == ["bedrock"]:
            return self._knowledge_bases._tags.get(arn) or {}
        return {}


def _function_arn(region: str, account_id: str, name: str) -> str:
    return f"arn:aws:lambda:{region}:{account_id}:function:{name}"


def _field(body: bytes, name: str) -> Mapping[str, str]:
    """Return an object in a JSON body; {} where there is none."""
    try:
        value = json.loads(body or b"{}").get(name)
    except (ValueError, AttributeError):
        return {}
    return value if isinstance(value, dict) else {}
