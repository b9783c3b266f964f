"""Ask the rules when S3 accepts a notification for a function, and when it delivers an event."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.ministack.invoke_permission import may_invoke
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import s3_destination_permission, s3_overlapping_filters
from labsupport.localcloud.rules.s3_overlapping_filters import Notification

logger = logging.getLogger(__name__)


class S3Seam:
    """S3's side of bucket notifications."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import s3

        self._responses: Any = responses
        self._s3: Any = s3

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        replace(self._s3, "_validate_notification_configs", self._validating)
        replace(self._s3, "_deliver_event_to_lambda", self._delivering)

    def _validating(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def validate(
            configs: list[dict[str, Any]], bucket_region: str, bucket_name: str = "", skip: bool = False
        ) -> Any:
            message = s3_overlapping_filters.problem(map(_notification, configs))
            if message:
                return self._s3._invalid_notification_config(message)
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
        source, region = f"arn:aws:s3:::{bucket_name}", self._responses.get_region()
        return may_invoke("s3.amazonaws.com", function_arn, source, region=region)


def _notification(config: dict[str, Any]) -> Notification:
    return Notification(config["events"], config["filter_prefix"] or "", config["filter_suffix"] or "")
