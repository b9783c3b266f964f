"""Where SNS hands a message to a function: only with permission, and asynchronously, with retries.

https://docs.aws.amazon.com/sns/latest/dg/lambda-permissions.html
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
"""

from __future__ import annotations

import json
import logging
from typing import Any

from labsupport.localcloud.ministack.invoke_permission import may_invoke
from labsupport.localcloud.ministack.seams import replace

logger = logging.getLogger(__name__)


class SnsSeam:
    """SNS's side of a subscription whose endpoint is a function."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import lambda_svc, sns

        self._lambda: Any = lambda_svc
        self._responses: Any = responses
        self._sns: Any = sns

    def attach(self) -> None:
        """Stand in the place of MiniStack's delivery."""
        replace(self._sns, "_deliver_to_lambda", lambda _original: self._deliver)

    def _deliver(
        self, endpoint: str, envelope: str, topic_arn: str, subscription_arn: str, *_others: Any
    ) -> None:
        region = self._responses.get_region()
        if not may_invoke("sns.amazonaws.com", endpoint, topic_arn, region=region):
            logger.warning("SNS may not invoke %s for %s; message dropped.", endpoint, topic_arn)
            return
        func, config, _name = self._lambda._get_func_record_for_ref(endpoint)
        if func and config:
            record = {
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription_arn,
                "EventSource": "aws:sns",
                "Sns": json.loads(envelope),
            }
            function = self._lambda._execution_record_for_config(func, config)
            self._lambda.invoke_async_with_retry(function, {"Records": [record]})
