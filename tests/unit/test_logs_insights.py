"""CloudWatch Logs Insights: what a query finds, and what is refused instead of being answered wrongly.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from __future__ import annotations

import json

import pytest

from labsupport.localcloud.logs_insights import MalformedQuery, Query
from labsupport.localcloud.logs_insights.events import row
from labsupport.localcloud.logs_insights.values import Row

REQUEST = "8f5e2c1a-0000-4000-8000-00000000000{}"
# 13 November 2026, 12:00:00 UTC
NOON_MS = 1_794_571_200_000


def event(seconds: float, message: str, *, group: str = "/aws/lambda/f", stream: str = "s") -> Row:
    return row(
        message,
        timestamp_ms=NOON_MS + int(seconds * 1000),
        stream=stream,
        group=group,
        account="123456789012",
        pointer=str(seconds),
    )


def report(seconds: float, number: int, duration_ms: float, *, init_ms: float | None = None) -> Row:
    """Return the line that Lambda writes after an invocation."""
    parts = [
        f"REPORT RequestId: {REQUEST.format(number)}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {duration_ms:.0f} ms",
        "Memory Size: 128 MB",
        f"Max Memory Used: {40 + number} MB",
        *([] if init_ms is None else [f"Init Duration: {init_ms:.2f} ms"]),
    ]
    return event(seconds, "\t".join(parts) + "\t\n")


LOG = [
    report(400, 3, 20),
    event(399, json.dumps({"level": "ERROR", "order": {"id": 7, "lines": [{"sku": "tea"}]}, "cold": False})),
    report(61, 2, 40),
    event(60.5, f"[WARNING]\t2026-11-13T12:01:00.500Z\t{REQUEST.format(2)}\tuser=ada, took 12 ms\n"),
    report(1, 1, 30.5, init_ms=150),
    event(0, f"START RequestId: {REQUEST.format(1)} Version: $LATEST\n"),
]

ADA = [["ada", "12"]]


def ask(query: str, *rows: Row) -> list[list[str]]:
    """Return the values that a query shows, without pointers."""
    answer = Query(query).run(list(rows or LOG))
    return [[value for name, value in found.items() if name != "@ptr"] for found in answer.rows]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('filter @type = "START" | fields @timestamp', [["2026-11-13 12:00:00.000"]]),
        ("fields @timestamp | sort @timestamp | limit 1", [["2026-11-13 12:00:00.000"]]),
        ("fields @timestamp | limit 1", [["2026-11-13 12:06:40.000"]]),  # the newest comes first
        ('filter @type="REPORT" | sort @duration desc | display @duration', [["40"], ["30.5"], ["20"]]),
        ("filter ispresent(@initDuration) | fields @initDuration", [["150"]]),
        ("filter not ispresent(@duration) and not ispresent(level) | stats count(*)", [["2"]]),
        ("filter @duration >= 30.5 | stats count()", [["2"]]),
        ("filter @duration > 20 and @duration < 35 or level = 'ERROR' | stats count(*)", [["2"]]),
        ("filter (@duration > 20 or level = 'ERROR') and @duration < 35 | stats count(*)", [["1"]]),
        ("filter @duration in [20, 40] | stats count(*)", [["2"]]),
        ("filter @duration not in [20, 40] and @type = 'REPORT' | stats count(*)", [["1"]]),
        ("filter @message like /took \\d+/ | stats count(*)", [["1"]]),
        ("filter @message like /(?i)WARNing/ | stats count(*)", [["1"]]),
        ("filter @message =~ /^REPORT/ | stats count(*)", [["3"]]),
        ("filter @message like 'user' | stats count(*)", [["1"]]),
        ("filter @message not like 'RequestId' | stats count(*)", [["2"]]),
        (f"filter @requestId = '{REQUEST.format(2)}' | stats count(*)", [["2"]]),
        ("filter order.id = 7 | fields order.lines.0.sku, cold", [["tea", "0"]]),
        ("filter missing = 1 or missing != 1 | stats count(*)", [["0"]]),
        ("filter @type = 'REPORT' | fields @maxMemoryUsed / 1000 / 1000 as mb | sort mb | limit 1", [["41"]]),
        ("fields @duration * 2 - 1 as x | filter ispresent(x) | sort x | limit 1", [["39"]]),
        ("# a comment\nfilter @type = 'START' # another\n| stats count(*)", [["1"]]),
        ('parse @message "user=*, took * ms" as who, ms | filter ispresent(who) | fields who, ms', ADA),
        ("parse @message /user=(?<who>\\w+), took (?<ms>\\d+)/ | filter ms > 1 | display who, ms", ADA),
        ("parse @message 'took *' as rest | filter ispresent(rest) | fields rest", [["12 ms"]]),
    ],
)  # fmt: skip
def test_rows(query: str, found: list[list[str]]) -> None:
    assert ask(query) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (
            "stats count(*) as n, avg(@duration), min(@duration), max(@duration), sum(@duration)",
            {"n": "6", "avg(@duration)": "30.1667", "min(@duration)": "20", "max(@duration)": "40"},
        ),
        ("stats pct(@duration, 50) as a, pct(@duration, 95)", {"a": "30.5", "pct(@duration, 95)": "40"}),
        ("stats count(@duration) as reports", {"reports": "3"}),
        ("stats max(@memorySize / 1000 / 1000) as mb", {"mb": "128"}),
        (
            "filter ispresent(@duration) | stats sum(strcontains(@message, 'Init')) / count(*) * 100 as a",
            {"a": "33.3333"},
        ),
    ],
)  # fmt: skip
def test_numbers_over_all_rows(query: str, found: dict[str, str]) -> None:
    [shown] = Query(query).run(LOG).rows
    assert found.items() <= shown.items()
    assert "@ptr" not in shown, "it is no event's row"


def test_numbers_by_period_and_field() -> None:
    reports = "filter @type = 'REPORT' | stats count(*) as n, max(@duration) by bin(1m) as t | sort n desc, t"
    assert ask(reports) == [
        ["2026-11-13 12:00:00.000", "1", "30.5"],
        ["2026-11-13 12:01:00.000", "1", "40"],
        ["2026-11-13 12:06:00.000", "1", "20"],
    ]
    assert ask("filter ispresent(@type) | stats count(*) as n by @type | sort n desc") == [
        ["REPORT", "3"],
        ["START", "1"],
    ]
    assert ask("stats count(*) by bin(5m) as t | sort t desc | limit 1") == [["2026-11-13 12:05:00.000", "2"]]


def test_without_columns_time_and_message_are_shown() -> None:
    [shown] = Query("filter @type = 'START'").run(LOG).rows
    assert list(shown) == ["@timestamp", "@message", "@ptr"]


def test_a_row_shows_only_fields_that_it_has() -> None:
    [shown] = Query("fields level, @duration | filter @type = 'START'").run(LOG).rows
    assert list(shown) == ["@ptr"]


def test_the_matched_events_are_counted_before_limit_and_stats() -> None:
    assert Query("filter @type = 'REPORT' | limit 1").run(LOG).matched == 3
    assert Query("filter @type = 'REPORT' | stats count(*) as n | filter n > 9").run(LOG).matched == 3


def test_the_api_limits_rows_too() -> None:
    assert len(Query("fields @message | limit 4").run(LOG, 2).rows) == 2


def test_json_in_a_line_is_found_in_lambdas_logs_only() -> None:
    line = 'order taken {"order": 7} {"order": 8}'
    assert ask("filter order = 7 | stats count(*)", event(0, line)) == [["1"]]
    assert ask("filter order = 7 | stats count(*)", event(0, line, group="/mine")) == [["0"]]
    assert ask("filter order = 7 | stats count(*)", event(0, '{"order": 7}', group="/mine")) == [["1"]]


def test_numbers_of_any_length_are_read() -> None:
    assert ask("filter a > 1 | stats count(*)", event(0, json.dumps({"a": 10**400}))) == [["0"]]


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("dedup @message", "The command in 'dedup @message' is outside"),
        ("fields @message | pattern @message", "outside"),
        ("stats stddev(@duration)", "The function stddev in stats is outside"),
        ("stats count(*) | stats count(*)", "A second stats command is outside"),
        ("stats max(@timestamp)", "A function of a time in stats is outside"),
        ("fields strlen(@message)", "The function strlen is outside"),
        ("filter cold = true", "true is outside"),
        ("fields @ingestionTime", "@ingestionTime is outside"),
        ("stats @duration", "stats needs a function of @duration"),
        ("", "outside"),
        ("filter", "expected a name, found: the end of the query"),
        ("filter @message like", "expected a text"),
        ("filter @message like /(/", "regular expression"),
        ("filter a = 1 b = 2", r"expected \|, found: b = 2"),
        ("filter a = 1 ; limit 1", "unexpected symbol found: ;"),
        ("filter (a = 1", r"expected \)"),
        ("parse @message 'a * b *' as one", "finds 2 values and has 1 names"),
        ("stats count(*) by bin(5)", "expected a period"),
        ("stats count(*) by bin(0m)", "no period"),
    ],
)
def test_what_is_not_answered_is_refused_with_a_reason(query: str, cause: str) -> None:
    with pytest.raises(MalformedQuery, match=cause):
        Query(query).run(LOG)
