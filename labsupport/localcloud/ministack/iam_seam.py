"""Where IAM is asked: by which action, in which words it refuses, and which role a function may get."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping
from typing import Any

from labsupport.localcloud import lambda_api
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.ministack.service_roles import ServiceRoles
from labsupport.localcloud.rules import iam_action_names, iam_denial, lambda_role
from labsupport.localcloud.rules.refusal import Refusal

Answer = Any
RENAMED = {"sns", "sqs"}
"""Services whose action MiniStack finds, and names after the operation."""
GIVES_A_ROLE = {"CreateFunction", "UpdateFunctionConfiguration"}


# What a request to a data plane is about: MiniStack asks IAM for it, and doesn't say so in a denial.
_resource_arn: contextvars.ContextVar[str] = contextvars.ContextVar("resource_arn", default="*")


class IamSeam:
    """IAM's side of each request, and of the roles that functions get."""

    def __init__(self, *, role_delay_seconds: float = 0.0) -> None:
        """Take MiniStack's modules. A role younger than the delay can't be assumed yet."""
        import ministack.app
        from ministack.core import iam_actions, iam_evaluator, responses, router
        from ministack.services import lambda_svc

        self._app: Any = ministack.app
        self._actions: Any = iam_actions
        self._evaluator: Any = iam_evaluator
        self._responses: Any = responses
        self._router: Any = router
        self._lambda: Any = lambda_svc
        self._roles = ServiceRoles()
        self._role_delay_seconds = role_delay_seconds

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        replace(self._actions, "extract_iam_action", self._naming)
        replace(self._actions, "access_denied_response", self._saying)
        replace(self._app, "_enforce_data_plane", self._noting_the_resource)
        replace(self._lambda, "handle_request", self._asking_for_the_role)

    def _naming(self, original: Callable[..., str | None]) -> Callable[..., str | None]:
        def name(
            service: str, method: str, path: str, headers: Any, body: bytes, query_params: Any
        ) -> str | None:
            if service == "lambda" and (call := lambda_api.read(method, path, headers, query_params, b"")):
                return iam_action_names.action(service, call.name)
            found = original(service, method, path, headers, body, query_params)
            if found and service in RENAMED:
                return iam_action_names.action(service, found.partition(":")[2])
            return found

        return name

    def _saying(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def say(service: str, action: str, principal_arn: str, request_id: str, **more: Any) -> Answer:
            is_failure = more.get("message") or more.get("error_code") or more.get("resource_policy_arn")
            if not is_failure:
                more["message"] = iam_denial.message(
                    principal_arn,
                    action,
                    more.get("resource_arn", _resource_arn.get()),
                    is_explicit=more.get("explicit_deny", False),
                )
            return original(service, action, principal_arn, request_id, **more)

        return say

    def _noting_the_resource(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def enforce(*arguments: Any, resource_arn: str = "*", **more: Any) -> Answer:
            token = _resource_arn.set(resource_arn)
            try:
                return original(*arguments, resource_arn=resource_arn, **more)
            finally:
                _resource_arn.reset(token)

        return enforce

    def _asking_for_the_role(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        async def handle(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Answer:
            call = lambda_api.read(method, path, headers, query_params, body)
            role_arn = call.parameters.get("Role") if call and call.name in GIVES_A_ROLE else None
            if role_arn:
                if denial := self._pass_denial(role_arn, headers, query_params):
                    return denial
                if refusal := self._assume_problem(role_arn):
                    return self._lambda.error_response_json(refusal.code, refusal.message, refusal.status)
            return await original(method, path, headers, body, query_params)

        return handle

    def _pass_denial(self, role_arn: str, headers: Mapping[str, str], query_params: Any) -> Answer:
        """Ask whether the caller may pass this role to Lambda. Return AWS's answer if not."""
        key = self._router.extract_access_key_id(headers, query_params)
        denied = self._evaluator.enforce(
            key,
            "iam:PassRole",
            "iam",
            self._responses.get_region(),
            resource_arn=role_arn,
            service_context=lambda_role.CONTEXT,
        )
        if not denied:
            return None
        return self._actions.access_denied_response(
            "lambda",
            "iam:PassRole",
            denied.principal_arn,
            "",
            headers=headers,
            resource_arn=role_arn,
            explicit_deny=denied.decision == "Deny",
        )

    def _assume_problem(self, role_arn: str) -> Refusal | None:
        role = self._roles.role(role_arn)
        if role is None:
            return None  # MiniStack says so
        is_known = self._roles.age_seconds(role) >= self._role_delay_seconds
        return lambda_role.assume_problem(role, self._roles.trusts, is_known=is_known)
