"""CloudWatch Logs' filter patterns: what each form of them matches, and what is refused with a reason.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json

import pytest

from labsupport.localcloud.filter_patterns import InvalidPattern, read_pattern

BAD_REQUEST = "[ERROR 400] BAD REQUEST"
MISSING = "[ERROR 419] MISSING ARGUMENTS"
FINE = "[INFO 200] REQUEST served"


def matching(pattern: str, *messages: str) -> list[str]:
    matches = read_pattern(pattern)
    return [message for message in messages if matches(message)]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", [BAD_REQUEST, MISSING, FINE]),
        ('" "', [BAD_REQUEST, MISSING, FINE]),
        ("ERROR", [BAD_REQUEST, MISSING]),
        ("error", []),
        ("ERR", [BAD_REQUEST, MISSING]),  # a part of a word will do
        ("ERROR ARGUMENTS", [MISSING]),
        ("ARGUMENTS ERROR", [MISSING]),
        ('"ERROR 400"', [BAD_REQUEST]),
        ('"BAD ERROR"', []),
        ("ERROR -ARGUMENTS", [BAD_REQUEST]),
        ('ERROR -"BAD REQUEST"', [MISSING]),
        ("ERROR - ARGUMENTS", [BAD_REQUEST]),
        ("-ERROR", [FINE]),
        ("?ARGUMENTS ?served", [MISSING, FINE]),
        ('?"ERROR 400" ?served', [BAD_REQUEST, FINE]),
        ("?ARGUMENTS REQUEST", [BAD_REQUEST, FINE]),  # optional terms don't count beside others
        ("?REQUEST -ERROR", [FINE]),
    ],
)
def test_terms(pattern: str, found: list[str]) -> None:
    assert matching(pattern, BAD_REQUEST, MISSING, FINE) == found


def test_a_quoted_term_may_have_quotation_marks() -> None:
    assert matching(r'"\"level\": \"ERROR\""', '{"level": "ERROR"}', '{"level": "INFO"}') == [
        '{"level": "ERROR"}'
    ]


@pytest.mark.parametrize(
    ("pattern", "messages", "found"),
    [
        ("%AUTHORIZED%", ["UNAUTHORIZED", "authorized"], ["UNAUTHORIZED"]),
        ("%colou?r%", ["color", "colour", "colouur"], ["color", "colour"]),
        ("%^[hc]at%", ["hat", "the hat"], ["hat"]),
        ("%gray|grey%", ["gray", "grey", "gruy"], ["gray", "grey"]),
        ("%^start|^shutting down%", ["shutting down", "not shutting down"], ["shutting down"]),
        (r"%10\.10\.0\.1%", ["10.10.0.1", "10010,051"], ["10.10.0.1"]),
        (r"%\d{3,5}%", ["12", "123"], ["123"]),
        (r"%\x28\w\x29%", ["(a)", "a"], ["(a)"]),
    ],
)
def test_regular_expressions(pattern: str, messages: list[str], found: list[str]) -> None:
    assert matching(pattern, *messages) == found


TRAIL = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "codes": ["value", "another value"],
    "items": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "user": {"id": 1, "mail": "ada@example.com"},
    "grid": [[0, 1], [4, 5]],
    "nothing": None,
    "cold": True,
    "warm": False,
    "cluster.name": "c",
    "latency": 49.5,
    "limit": 1000,
    "account": "123456789012",
}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('$.eventType = "UpdateTrail"', True),
        ("$.eventType = UpdateTrail", True),
        ('$.eventType = "Trail"', False),
        ('$.eventType = "*Trail"', True),
        ("$.eventType = Update*", True),
        ("$.eventType = *date*", True),
        ("$.eventType = *", True),
        ("$.sourceIPAddress != 123.123.*", True),
        ("$.sourceIPAddress != 111.111.*", False),
        ("$.eventType = %Tr[a-z]il$%", True),
        ("$.eventType != %Tr[a-z]il$%", False),
        ('$.codes[0] = "value"', True),
        ('$.codes[1] = "value"', False),
        ('$.codes[9] != "value"', False),
        ("$.codes[*] = %^another%", True),
        ("$.items[1].id = 2", True),
        ("$.items[*].id = 3", False),
        ("$.* = %111%", True),
        ("$.grid[1][0] = 4", True),
        ("$.['cluster.name'] = \"c\"", True),
        ("$.latency < 50", True),
        ("$.latency > 5e1", False),
        ("$.latency >= +49.50", True),
        ("$.latency <= 4.95e+1", True),
        ("$.limit = 1e3", True),
        ("$.limit != 1e-3", True),
        ("$.limit = 1*", True),
        ('$.limit = "1000"', True),
        ("$.account = 123456789012", True),
        ("$.eventType > 1", False),
        ("$.nothing IS NULL", True),
        ("$.missing IS NULL", False),
        ("$.cold IS TRUE", True),
        ("$.warm IS TRUE", False),
        ("$.warm IS FALSE", True),
        ("$.nothing IS FALSE", False),
        ("$.missing NOT EXISTS", True),
        ("$.nothing NOT EXISTS", False),
        ("$.user.none NOT EXISTS", True),
        # Only texts and numbers are compared, and "not equal" is a comparison too.
        ("$.user != 1", False),
        ("$.codes != x", False),
        ("$.cold != x", False),
        ("$.nothing != x", False),
        ("$.missing != x", False),
        ('($.user.id = 1) && ($.user.mail = "ada@example.com")', True),
        ("$.user.id = 1 || $.user.id = 2 && $.limit = 0", True),
        ("($.user.id = 1 || $.user.id = 2) && $.limit = 0", False),
        ("$.user.id = 2 && $.limit = 1000 || $.limit = 0", False),
    ],
)
def test_fields_of_json_events(condition: str, holds: bool) -> None:
    assert read_pattern("{ %s }" % condition)(json.dumps(TRAIL)) is holds  # noqa: UP031 - braces


@pytest.mark.parametrize("message", ["", "level=ERROR", "[1]", '"text"', "NaN", '{"a": 1', "[" * 100_000])
def test_a_message_that_is_no_json_object_matches_no_field(message: str) -> None:
    assert matching("{ $.a NOT EXISTS }", message) == []


SERVED = '127.0.0.1 - ada [10/Oct/2026:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
STARTED = "INFO 09/25/2026 12:00:00 GET /service/resource/67 1200"
FAILED = "ERROR 09/25/2026 12:00:02 Failed to process request"
REPORT = "REPORT RequestId: 8f5\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("[ip, id, user, time, request, status, bytes]", [SERVED, FAILED, REPORT]),  # seven words and more
        (r"[ip=%127\.0\.0\.[1-9]%, id, user, time, request=*.html*, status=4*, bytes]", [SERVED]),
        ("[..., request=*.html*, status = 4*, bytes]", [SERVED]),
        ("[..., status=4*,]", [SERVED]),
        ("[ip, id, user=ada, ...]", [SERVED]),
        ("[ip, ..., status=404, bytes]", [SERVED]),
        ("[..., bytes > 1000]", [SERVED, STARTED]),
        ("[..., bytes > 1000 && bytes < 1500]", [STARTED]),
        ("[..., status = 404 || status = 410, bytes]", [SERVED]),
        ('[ip, id, user, time="10/Oct/2026:13:25:15 -0700", ...]', [SERVED]),
        ("[w1=ERROR, w2]", [FAILED]),
        ("[w1=ERROR]", []),  # one name is the whole line
        ("[w1=ERROR || w1=INFO, w2]", [STARTED, FAILED]),
        ("[w1!=ERROR && w1!=INFO, w2]", [SERVED, REPORT]),
        ("[level, date, time, method, url=%/resource/[0-9]+$%, ms]", [STARTED]),
        ('[type=REPORT, label="RequestId:", id, label2="Duration:", ms > 12.4, ...]', [REPORT]),
        ('[type=REPORT, label="RequestId:", id, label2="Duration:", ms > 12.5, ...]', []),
    ],
)
def test_words(pattern: str, found: list[str]) -> None:
    assert matching(pattern, SERVED, STARTED, FAILED, REPORT) == found


@pytest.mark.parametrize(
    ("pattern", "cause"),
    [
        ("f(x)", r"Invalid character\(s\) in term '\('"),
        ("time-out", r"Invalid character\(s\) in term '-'"),
        ("platform.report", "quotation marks"),
        ('"half', r"Invalid character\(s\) in term '\"'"),
        ("%a% b", "without other terms"),
        ("%some!%", "the character '!'"),
        ("%(a)%", r"\\x28"),
        (r"%\-%", "backslash"),
        ("%[a%", "no regular expression"),
        ("{ $.a = 1", "ends with }"),
        ("{ $.a }", "After a selector"),
        ("{ $.a == 1 }", "should have a value, = comes"),
        ("{ $.a = }", "should have a value, it ends"),
        ("{ a = 1 }", "should have a selector"),
        ("{ $.a = 1 && }", "should have a selector"),
        ("{ ($.a = 1 }", "closing parenthesis"),
        ("{ $.a = 1 $.b = 2 }", "should have && or"),
        ("{ $.a > x }", "> compares numbers"),
        ("{ $.a IS NOT NULL }", "no IS NOT"),
        ("{ $.a EXISTS }", "After a selector"),
        ("{ $.a NOT NULL }", "followed by EXISTS"),
        ('{ $."a-b" = 1 }', r"""Invalid character\(s\) in term '\$\."'"""),
        ("{ $.a = foo:bar }", r"Invalid character\(s\) in term ':'"),
        ("{ $.a = foo-bar }", "in term 'foo-bar'"),
        ("{ $.a = ab*cd }", "asterisk in its middle"),
        ("{ $.a[*].* = 1 }", "more than one wildcard"),
        ("{ $.a[*] = 1 || $.b[*] = 1 || $.c[*] = 1 || $.d[*] = 1 }", "at most 3 selectors"),
        ("{ $.a = %x% || $.a = %y% || $.a = %z% }", "at most 2 regular expressions"),
        (f"{{ {'(' * 500}$.a = 1{')' * 500} }}", "too many parentheses"),
        ("[a, b", r"ends with \]"),
        ("[a, ..., b, ...]", "one ellipsis"),
        ("[a=1 || b=2]", "each word has one name"),
        ("[a=1 && a]", "Nothing is asked of a"),
        ("[a b]", "comma"),
        ("[a.b=1]", r"Invalid character\(s\)"),
    ],
)
def test_what_is_no_pattern_is_refused_with_a_reason(pattern: str, cause: str) -> None:
    with pytest.raises(InvalidPattern, match=cause):
        read_pattern(pattern)
