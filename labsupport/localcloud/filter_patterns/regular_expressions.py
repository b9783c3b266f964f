"""The regular expressions of filter patterns: those that AWS's page lists, and no others.

There are no parentheses, so that no expression can take exponential time.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#regex-expressions
"""

from __future__ import annotations

import re
import warnings

from labsupport.localcloud.filter_patterns.problem import InvalidPattern

OPERATORS = r"^$?[]{}|\\*+."
ESCAPE = re.compile(r"\\(?:[dDsSwW]|x[0-9A-Fa-f]{2}|[\^$?\[\]{}|\\*+.])")
ALLOWED = re.compile(rf"[A-Za-z0-9:_#=@/;, \-{re.escape(OPERATORS)}]")


def read(expression: str) -> re.Pattern[str]:
    """Return Python's form of an expression, given without its percent signs.

    Raises:
        InvalidPattern: a character or an escape is not among AWS's, or the expression is none.
    """
    for character in ESCAPE.sub("", expression):
        if character == "\\":
            raise InvalidPattern(
                rf"In %{expression}% a backslash stands before a character that needs none. "
                r"AWS knows \d \s \w, their capitals, \xhh and operators after a backslash."
            )
        if not ALLOWED.fullmatch(character):
            raise InvalidPattern(
                f"AWS doesn't support the character {character!r} in the regular expression %{expression}%. "
                r"Write its ASCII code instead, such as \x28 for an opening parenthesis."
            )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # "[[" may mean something else in a later Python
            return re.compile(expression, re.ASCII | re.DOTALL)
    except re.error as error:
        raise InvalidPattern(f"%{expression}% is no regular expression: {error}.") from None
