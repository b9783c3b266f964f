"""Ask the rules when S3 accepts a notification for a function, and when it delivers an event."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import s3_destination_permission

logger = logging.getLogger(__name__)


class S3Seam:
    """S3's side of bucket notifications."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import iam_evaluator, responses
        from ministack.services import lambda_svc, s3

        self._iam: Any = iam_evaluator
        self._responses: Any = responses
        self._lambda: Any = lambda_svc
        self._s3: Any = s3

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        replace(self._s3, "_validate_notification_configs", self._validating)
        replace(self._s3, "_deliver_event_to_lambda", self._delivering)

    def _validating(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def validate(
            configs: list[dict[str, Any]], bucket_region: str, bucket_name: str = "", skip: bool = False
        ) -> Any:
            refused = original(configs, bucket_region, bucket_name, skip)
            if refused or skip:
                return refused
            functions = [config["arn"] for config in configs if config["type"] == "lambda"]
            message = s3_destination_permission.problem(
                functions, lambda arn: self._may_invoke(arn, bucket_name)
            )
            return self._s3._invalid_notification_config(message) if message else None

        return validate

    def _delivering(self, original: Callable[..., None]) -> Callable[..., None]:
        def deliver(arn: str, event_payload: dict[str, Any], bucket_region: str) -> None:
            bucket_name = event_payload["Records"][0]["s3"]["bucket"]["name"]
            if self._may_invoke(arn, bucket_name):
                original(arn, event_payload, bucket_region)
            else:
                logger.warning("S3 may not invoke %s for the bucket %s; event dropped.", arn, bucket_name)

        return deliver

    def _may_invoke(self, function_arn: str, bucket_name: str) -> bool:
        """Ask the function's resource-based policy whether S3 may invoke it for this bucket."""
        found = self._lambda.function_policy_for_arn(function_arn)
        if found is None:
            return False
        policy, account = found
        context = self._iam.EvalContext(
            principal_arn="*",
            principal_type="Service",
            principal_account="",
            action="lambda:InvokeFunction",
            resource_arn=function_arn,
            region=self._responses.get_region(),
            # Condition keys have no case; MiniStack looks them up in lower case.
            service_context={"aws:sourcearn": f"arn:aws:s3:::{bucket_name}", "aws:sourceaccount": account},
        )
        result = self._iam.evaluate_resource_policy(policy, context, service="s3.amazonaws.com")
        return bool(result.decision == "Allow")
