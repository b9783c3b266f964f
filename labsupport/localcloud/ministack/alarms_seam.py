"""Where CloudWatch looks at its alarms: every second, on the metric that has just the alarm's dimensions."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import alarm_state

logger = logging.getLogger(__name__)

Alarm = dict[str, Any]
LOOKS_EVERY_SECONDS = 1.0
"""CloudWatch does once a minute, which is long to wait for in a lesson."""


class AlarmsSeam:
    """CloudWatch's evaluation of metric alarms. Composite alarms and actions are MiniStack's."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import cloudwatch

        self._cloudwatch: Any = cloudwatch
        self._responses: Any = responses

    def attach(self) -> None:
        """Stand in the place of MiniStack's evaluation, and begin to look."""
        replace(self._cloudwatch, "_evaluate_alarm", lambda _original: self._evaluate)
        threading.Thread(target=self._look, name="alarms", daemon=True).start()

    def _look(self) -> None:
        while True:
            time.sleep(LOOKS_EVERY_SECONDS)
            for (account, region, _name), alarm in list(self._cloudwatch._alarms._data.items()):
                contextvars.copy_context().run(self._evaluate_of, account, region, alarm)

    def _evaluate_of(self, account: str, region: str, alarm: Alarm) -> None:
        self._responses._request_account_id.set(account)
        self._responses._request_region.set(region)
        try:
            self._evaluate(alarm)
        except Exception:  # one alarm must not keep the others from being looked at
            logger.exception("The alarm %s could not be evaluated.", alarm.get("AlarmName"))

    def _evaluate(self, alarm: Alarm) -> None:
        if alarm.get("ComparisonOperator") not in alarm_state.OPERATORS or not alarm.get("MetricName"):
            return  # composite alarms, metric math and anomalies
        values = list(self._values(alarm))
        old, new = alarm["StateValue"], alarm_state.state(alarm, values)
        if new == old:
            return
        reason = f"Threshold {alarm['Threshold']}, {alarm['ComparisonOperator']}; newest last: {values}"
        alarm.update(StateValue=new, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
        self._cloudwatch._record_history(alarm["AlarmName"], old, new, reason)
        self._cloudwatch._dispatch_alarm_actions(alarm, old, new, reason)
        self._cloudwatch._evaluate_parent_alarms(alarm)

    def _values(self, alarm: Alarm) -> Iterator[float | None]:
        """Yield the statistic of each period, the oldest first. The newest period isn't over yet."""
        period, periods = alarm["Period"], alarm["EvaluationPeriods"] + alarm_state.MORE_PERIODS
        statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
        newest = time.time() // period * period
        points = self._points(alarm)
        for age in range(periods - 1, -1, -1):
            begin = newest - age * period
            found = [point for point in points if begin <= point["Timestamp"] < begin + period]
            statistics = self._cloudwatch._calc_stats(found)
            yield self._cloudwatch._stat_value(statistics, statistic, found) if statistics else None

    def _points(self, alarm: Alarm) -> list[dict[str, Any]]:
        dimensions = self._cloudwatch._dims_from_list(alarm.get("Dimensions") or [])
        place = alarm["Namespace"], alarm["MetricName"], self._cloudwatch._dims_key(dimensions)
        unit = alarm.get("Unit")
        points = list(self._cloudwatch._metrics.get(place) or [])
        return [point for point in points if not unit or point.get("Unit") == unit]
