"""What Bedrock tells CloudWatch: the metrics of the namespace AWS/Bedrock, by ModelId.

https://docs.aws.amazon.com/bedrock/latest/userguide/monitoring-runtime-metrics.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from labsupport.localcloud.lambda_service.metrics import Series, WriteMetric

NAMESPACE = "AWS/Bedrock"
UNITS = {"InvocationLatency": "Milliseconds"}


class BedrockMetrics:
    """Count invocations of models. Called from any thread."""

    def __init__(self, write_metric: WriteMetric, *, clock: Callable[[], float] = time.time) -> None:
        """Write with `write_metric`; `clock` returns seconds since the epoch."""
        self._write_metric, self._clock = write_metric, clock
        self._series: dict[tuple[str, str, str, str], Series] = {}
        self._lock = threading.Lock()

    def invoked(
        self,
        account: str,
        region: str,
        model_id: str,
        *,
        latency_ms: float,
        input_tokens: int,
        output_tokens: int,
    ) -> None:
        """Count an invocation that was answered."""
        values = {
            "Invocations": 1.0,
            "InvocationLatency": latency_ms,
            "InputTokenCount": float(input_tokens),
            "OutputTokenCount": float(output_tokens),
        }
        for name, value in values.items():
            self._tell(account, region, model_id, name, value)

    def failed(self, account: str, region: str, model_id: str, status: int) -> None:
        """Count an invocation that was not answered, by the HTTP status of its error."""
        client = "InvocationThrottles" if status == 429 else "InvocationClientErrors"
        self._tell(account, region, model_id, client if status < 500 else "InvocationServerErrors", 1.0)

    def _tell(self, account: str, region: str, model_id: str, name: str, value: float) -> None:
        key = (account, region, model_id, name)
        with self._lock:
            series = self._series.get(key)
            if series is None:
                unit = UNITS.get(name, "Count")
                series = Series(account, region, name, unit, {"ModelId": model_id}, namespace=NAMESPACE)
                self._series[key] = series
        self._write_metric(series, value, self._clock())
