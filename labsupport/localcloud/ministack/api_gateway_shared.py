"""What HTTP APIs and WebSocket APIs have in common: functions, buckets, logs and metrics."""

from __future__ import annotations

from dataclasses import dataclass

from labsupport.localcloud.api_gateway.access_log import WriteEvent
from labsupport.localcloud.api_gateway.lambda_integration import LambdaIntegration
from labsupport.localcloud.api_gateway.metrics import ApiMetrics
from labsupport.localcloud.api_gateway.token_bucket import TokenBuckets


@dataclass
class Shared:
    """What all stages use.

    Attributes:
        integration: invokes functions.
        buckets: of the stages' throttling.
        write_event: appends to a log group.
        metrics: counts.
    """

    integration: LambdaIntegration
    buckets: TokenBuckets
    write_event: WriteEvent
    metrics: ApiMetrics
