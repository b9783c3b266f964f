"""Write our services' metrics where CloudWatch keeps them, and have CloudWatch's queries find them.

Values of one minute that are equal are one data point with a count, as a publisher of metrics would send
them: a burst of invocations costs no memory, and statistics and percentiles stay exact.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.lambda_service.metrics import LambdaMetrics, Series, Subject
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules.cloudwatch_queries import (
    MINUTE_SECONDS,
    ExactDimensions,
    start_of_minute,
)

Answer = Any
Key = tuple[Series, float, float]  # the minute, the value
Point = dict[str, Any]


class MetricsSeam:
    """Our services' metrics in MiniStack's CloudWatch, instead of those that MiniStack writes itself."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import cloudwatch, lambda_svc

        cloudwatch._metrics = _sharing_points(responses.AccountRegionScopedDict)
        self._cloudwatch: Any = cloudwatch
        self._lambda: Any = lambda_svc
        self.metrics = LambdaMetrics(self.write)
        self._lock = threading.Lock()
        self._points: dict[Key, Point] = {}  # of the newest minutes
        self._newest_minute = 0.0

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        # MiniStack counts invocations of the Invoke API only, and throttled ones twice.
        replace(self._lambda, "_emit_lambda_metrics", lambda _original: _say_nothing)
        replace(self._lambda, "_acquire_execution_slot", self._counting_throttles)
        replace(self._cloudwatch, "_evict_old_metrics", self._with_lock)
        replace(self._cloudwatch, "_get_metric_statistics", self._from_whole_minutes)
        replace(self._cloudwatch, "_get_metric_data", self._from_whole_minutes)
        replace(self._cloudwatch, "_dims_from_list", _exactly)

    def write(self, series: Series, value: float, timestamp: float) -> None:
        """Add a value to a metric (`metrics.WriteMetric`)."""
        key = (series, start_of_minute(timestamp), value)
        with self._lock:
            point = self._points.get(key)
            if point is None:
                self._points[key] = self._new_point(*key)
            else:
                point["Count"] += 1

    def _new_point(self, series: Series, minute: float, value: float) -> Point:
        if minute > self._newest_minute:
            self._newest_minute = minute
            recent = minute - MINUTE_SECONDS
            self._points = {key: point for key, point in self._points.items() if key[1] >= recent}
        point = {
            "Timestamp": minute,
            "Value": float(value),
            "Count": 1.0,
            "Unit": series.unit,
            "Dimensions": series.dimensions,
        }
        metrics = self._cloudwatch._metrics
        place = (series.namespace, series.name, self._cloudwatch._dims_key(series.dimensions))
        if not metrics.contains_scoped(series.account, series.region, place):
            metrics.set_scoped(series.account, series.region, place, [])
        metrics.get_scoped(series.account, series.region, place).append(point)
        return point

    # What MiniStack's functions are wrapped in

    def _counting_throttles(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def acquire(func: dict[str, Any], config: dict[str, Any]) -> Any:
            slot, limit = original(func, config)
            if slot is None:
                self.metrics.throttled(Subject.of(config["FunctionArn"], config.get("Version")))
            return slot, limit

        return acquire

    def _with_lock(self, original: Callable[[], None]) -> Callable[[], None]:
        def evict() -> None:
            with self._lock:  # it replaces the lists that `write` adds to
                original()

        return evict

    def _from_whole_minutes(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def query(
            params: dict[str, Any], data: dict[str, Any], is_cbor: bool, is_json: bool = False
        ) -> Answer:
            if is_cbor or is_json:
                return original(params, self._rounded(data), is_cbor, is_json)
            return original(self._rounded(params), data, is_cbor, is_json)

        return query

    def _rounded(self, request: dict[str, Any]) -> dict[str, Any]:
        start = request.get("StartTime")
        time = self._cloudwatch._parse_ts(start[0] if isinstance(start, list) else start)
        return request if time is None else {**request, "StartTime": start_of_minute(time)}


def _sharing_points(scoped_dict: Any) -> Any:
    """Return a dictionary of data points whose copies share the points.

    The state is saved after each change, and MiniStack copies it before. With the data points of some days,
    that copy would take longer than everything else.
    """

    class SharingPoints(scoped_dict):  # type: ignore[misc]
        __slots__ = ()

        def __deepcopy__(self, _memo: object) -> Any:
            return scoped_dict.from_dict({place: list(points) for place, points in self.to_dict().items()})

    return SharingPoints()


def _exactly(original: Callable[..., dict[str, str]]) -> Callable[..., dict[str, str]]:
    return lambda dimensions: ExactDimensions(original(dimensions))


def _say_nothing(*_arguments: object, **_named: object) -> None:
    """Write nothing: `LambdaMetrics` does."""
