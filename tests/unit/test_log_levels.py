"""Which level a line of output has.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
"""

from __future__ import annotations

import pytest

from labsupport.localcloud.lambda_service.function import LogEvent
from labsupport.localcloud.lambda_service.log_levels import LEVELS, at_least, output_level

TIME = '"timestamp": "2024-11-02T16:51:31.587199Z"'


@pytest.mark.parametrize(
    ("message", "level"),
    [
        (f'{{"level": "debug", "msg": "my debug log", {TIME}}}', "DEBUG"),
        (f'{{"level": "FATAL", {TIME}}}', "FATAL"),
        ('{"level": "ERROR", "time": "2024-11-02T16:51:31+01:00"}', "ERROR"),
        (f'{{"level": "WARNING", {TIME}}}', "WARN"),
        (f'{{"level": "loud", {TIME}}}', "INFO"),
        (f'{{"level": 3, {TIME}}}', "INFO"),
        (f"{{{TIME}}}", "INFO"),
        ('{"level": "ERROR"}', "INFO"),
        ('{"level": "ERROR", "timestamp": "yesterday"}', "INFO"),
        ('{"level": "ERROR", "timestamp": "2024-11-02T16:51:31"}', "INFO"),
        ('{"level": "ERROR"', "INFO"),
        ('["ERROR"]', "INFO"),
        ("plain text", "INFO"),
        ("", "INFO"),
    ],
)
def test_printed_json_has_the_level_that_it_names(message: str, level: str) -> None:
    assert output_level(LogEvent(0, message)) == level


def test_the_runtime_clients_word_counts_first() -> None:
    assert output_level(LogEvent(0, f'{{"level": "debug", {TIME}}}', "ERROR")) == "ERROR"


def test_levels_are_ordered_from_detail_to_severity() -> None:
    assert [level for level in LEVELS if at_least(level, "WARN")] == ["WARN", "ERROR", "FATAL"]
