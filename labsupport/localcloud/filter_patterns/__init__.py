"""CloudWatch Logs' filter patterns: which log events FilterLogEvents, filters and Live Tail mean.

A pattern is one of three languages, told apart by its first character:

* `{ $.level = "ERROR" }` asks about a JSON event's fields: `json_fields.py`
* `[type=REPORT, label, id, ...]` asks about the words of a line: `words.py`
* anything else names terms that the message contains or doesn't, or a regular expression: `terms.py`

The first two are made of comparisons (`comparison.py`), put together with && and || (`grammar.py`).
Of regular expressions AWS takes a small part (`regular_expressions.py`).

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from labsupport.localcloud.filter_patterns import json_fields, terms, words
from labsupport.localcloud.filter_patterns.problem import InvalidPattern

__all__ = ["InvalidPattern", "read_pattern", "read_value"]

Matches = Callable[[str], bool]


@functools.lru_cache(maxsize=256)
def read_pattern(pattern: str) -> Matches:
    """Return what tells whether a message matches a pattern. An empty pattern matches everything.

    Raises:
        InvalidPattern: the pattern is none of AWS's, with a sentence for the learner.
    """
    pattern = pattern.strip()
    read = {"{": json_fields.read, "[": words.read}.get(pattern[:1], terms.read)
    try:
        return read(pattern)
    except RecursionError:
        raise InvalidPattern("there are too many parentheses inside each other.") from None


def read_value(pattern: str, reference: str, message: str) -> str | None:
    """Return what a metric filter's value or dimension means in a message.

    Args:
        pattern: of the filter.
        reference: `$.latency` for a field of a JSON event, `$bytes` for a word that the pattern names, or a
            constant.
        message: of an event that matches the pattern.
    """
    if not reference.startswith("$"):
        return reference
    if reference.startswith("$."):
        return json_fields.value(reference, message)
    return words.values(pattern.strip(), message).get(reference[1:]) if pattern.lstrip()[:1] == "[" else None
