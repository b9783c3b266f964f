"""What a service that delivers tells CloudWatch of what it could not deliver: numbers that only count.

https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

from labsupport.localcloud.lambda_service.metrics import Series, WriteMetric


class DeliveryMetrics:
    """The metrics of one service. Called from any thread."""

    def __init__(
        self, namespace: str, write_metric: WriteMetric, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Write with `write_metric`; `clock` returns seconds since the epoch."""
        self._namespace, self._write_metric, self._clock = namespace, write_metric, clock

    def count(self, source_arn: str, name: str, **dimensions: str) -> None:
        """Add one to a metric, in the account and Region of what is delivered from."""
        region, account = source_arn.split(":")[3:5]
        series = _series(self._namespace, account, region, name, tuple(dimensions.items()))
        self._write_metric(series, 1.0, self._clock())


@functools.lru_cache(maxsize=1024)
def _series(
    namespace: str, account: str, region: str, name: str, dimensions: tuple[tuple[str, str], ...]
) -> Series:
    return Series(account, region, name, "Count", dict(dimensions), namespace)
