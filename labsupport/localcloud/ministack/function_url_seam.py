"""Where a request to a function URL arrives: the policies are asked first.

https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import function_url
from labsupport.localcloud.rules.function_url import Needed

Answer = Any


class FunctionUrlSeam:
    """Function URLs, which anybody may reach and not anybody may use."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        import ministack.app
        from ministack.core import iam_evaluator, responses, router
        from ministack.services import lambda_svc

        self._app: Any = ministack.app
        self._evaluator: Any = iam_evaluator
        self._lambda: Any = lambda_svc
        self._responses: Any = responses
        self._router: Any = router

    def attach(self) -> None:
        """Stand before MiniStack's own function."""
        replace(self._app, "_handle_lambda_url_request", self._asking_policies)

    def _asking_policies(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        async def handle(
            host: str,
            path: str,
            method: str,
            headers: Mapping[str, str],
            body: bytes,
            query_params: Any,
            source_ip: str | None = None,
        ) -> Answer:
            parsed = self._app._parse_lambda_url(host, path)
            found = self._lambda.resolve_function_url(parsed[0]) if parsed else None
            if parsed is None or found is None:
                return await original(host, path, method, headers, body, query_params, source_ip)
            account, region, _name, _qualifier, config = found
            self._responses._request_account_id.set(account)
            self._responses._request_region.set(region)
            is_preflight = method == "OPTIONS" and config.get("Cors")
            if not is_preflight and not self._may_ask(found, headers, query_params):
                return 403, function_url.FORBIDDEN_HEADERS, function_url.FORBIDDEN
            if function_url.is_public(config["AuthType"]):
                # Whatever stands in Authorization is the function's business.
                return await self._lambda.handle_function_url_request(
                    parsed[0], method, parsed[1], headers, body, query_params, found, source_ip
                )
            return await original(host, path, method, headers, body, query_params, source_ip)

        return handle

    def _may_ask(self, found: tuple[Any, ...], headers: Mapping[str, str], query_params: Any) -> bool:
        account, region, name, qualifier, config = found
        arn = f"arn:aws:lambda:{region}:{account}:function:{name}" + (f":{qualifier}" if qualifier else "")
        auth_type = config["AuthType"]
        if function_url.is_public(auth_type):
            policy, _owner = self._lambda.function_policy_for_arn(arn) or ({}, account)
            return function_url.may_ask(
                auth_type, lambda each: self._everybody_may(policy, each, arn, region)
            )
        if not self._lambda._function_url_is_signed(headers, query_params):
            return False
        key = self._router.extract_access_key_id(headers, query_params)
        return function_url.may_ask(auth_type, lambda each: self._caller_may(key, each, arn, region))

    def _everybody_may(self, policy: Any, needed: Needed, arn: str, region: str) -> bool:
        context = self._evaluator.EvalContext(
            principal_arn="*",
            principal_type="Anonymous",
            principal_account="",
            action=needed.action,
            resource_arn=arn,
            region=region,
            # Condition keys have no case; MiniStack looks them up in lower case.
            service_context={name.lower(): value for name, value in needed.context.items()},
        )
        return bool(self._evaluator.evaluate_resource_policy(policy, context).decision == "Allow")

    def _caller_may(self, key: str, needed: Needed, arn: str, region: str) -> bool:
        denied = self._evaluator.enforce(
            key, needed.action, "lambda", region, resource_arn=arn, service_context=needed.context
        )
        # A signature that is wrong is MiniStack's to refuse.
        return denied is None or isinstance(denied, self._evaluator.AuthError)
