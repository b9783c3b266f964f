"""Patterns of terms: `ERROR "memory size" -Timeout` has all but what is excluded; `?a ?b` has one of them.

Terms are parts of words and have case. Optional terms count only when there are no others.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#matching-terms-unstructured-log-events
"""

from __future__ import annotations

import re
from collections.abc import Callable

from labsupport.localcloud.filter_patterns import regular_expressions
from labsupport.localcloud.filter_patterns.comparison import unquoted
from labsupport.localcloud.filter_patterns.problem import InvalidPattern

EXPRESSION = re.compile(r"%([^%]*)%")
# "ERROR - Exiting" excludes, too.
TERM = re.compile(r'\s*(?P<sign>\??|-\s*)(?P<term>"(?:\\.|[^"\\])*"|[A-Za-z0-9_]+)(?=\s|$)', re.DOTALL)


def read(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a message matches a pattern of terms.

    Raises:
        InvalidPattern: a term has characters that need quotation marks.
    """
    if expression := EXPRESSION.fullmatch(pattern):
        search = regular_expressions.read(expression[1]).search
        return lambda message: search(message) is not None
    groups: dict[str, list[str]] = {"": [], "-": [], "?": []}
    position = 0
    while position < len(pattern):
        match = TERM.match(pattern, position)
        if match is None:
            raise _unreadable(pattern[position:].strip())
        sign, term = match["sign"].strip(), match["term"]
        groups[sign].append(unquoted(term) if term.startswith('"') else term)
        position = match.end()
    wanted, excluded, optional = ([term for term in found if term.strip()] for found in groups.values())
    if groups[""] or groups["-"]:
        optional = []
    return lambda message: (
        all(term in message for term in wanted)
        and not any(term in message for term in excluded)
        and (not optional or any(term in message for term in optional))
    )


def _unreadable(rest: str) -> InvalidPattern:
    if "%" in rest:
        return InvalidPattern(
            "A regular expression stands between two percent signs and without other terms: %ERROR|WARN%"
        )
    # AWS names the characters and not the word: '(' for "f(x)".
    characters = re.search(r"[^\sA-Za-z0-9_]+", rest)
    return InvalidPattern.characters(characters[0] if characters else rest)
