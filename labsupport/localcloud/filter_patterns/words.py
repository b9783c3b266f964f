"""Patterns of a line's words: `[type=REPORT, label, id, ..., used > 100, unit]`.

Words stand between white space; what is in brackets or in quotation marks is one word. A pattern names each
of them and can ask for its value. An ellipsis stands for any number of words. Without one, the last name
stands for all that follows.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#matching-term-space-delimited-log-events
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from labsupport.localcloud.filter_patterns import comparison
from labsupport.localcloud.filter_patterns.grammar import Condition, Tokens, alternatives
from labsupport.localcloud.filter_patterns.problem import InvalidPattern

WORD = re.compile(r'\[([^\]]*)\](?!\S)|"([^"]*)"(?!\S)|(\S+)')
NAME = re.compile(r"[A-Za-z0-9_]+")


def read(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a message matches a pattern of words.

    Raises:
        InvalidPattern: it is none.
    """
    if not pattern.endswith("]"):
        raise InvalidPattern("A pattern for words ends with ].")
    tokens = Tokens(pattern[1:-1])
    before: list[Condition[str]] = []
    after: list[Condition[str]] | None = None  # what follows the ellipsis, if there is one
    while True:
        if tokens.take("..."):
            if after is not None:
                raise InvalidPattern("A pattern has one ellipsis.")
            after = []
        else:
            (before if after is None else after).append(_word(tokens))
        if not tokens.take(","):
            break
    tokens.expect("a comma, && or ||", "end")
    return lambda message: _match(message, before, after)


def _word(tokens: Tokens) -> Condition[str]:
    """Read a word's name and what is asked of it. Both may be missing: there is a word, then."""
    if tokens.kind != "word":
        return lambda word: True
    names: list[str] = []
    condition = alternatives(tokens, lambda: _comparison(tokens, names))
    if len(set(names)) > 1:
        raise InvalidPattern(f"{' and '.join(names)} stand between two commas: each word has one name.")
    return condition


def _comparison(tokens: Tokens, names: list[str]) -> Condition[str]:
    name = tokens.expect("a word's name", "word")
    if not NAME.fullmatch(name):
        raise InvalidPattern.characters(name)
    names.append(name)
    compared = tokens.take(*comparison.OPERATORS)
    if compared is None:
        if len(names) > 1:
            raise InvalidPattern(f"Nothing is asked of {name}.")
        return lambda word: True
    return comparison.read(compared, tokens.expect("a value", "text", "expression", "word"))


def _match(message: str, before: Sequence[Condition[str]], after: Sequence[Condition[str]] | None) -> bool:
    found = list(WORD.finditer(message))
    words = [next(group for group in match.groups() if group is not None) for match in found]
    if after is None:
        if len(words) < len(before):
            return False
        if len(words) > len(before):
            words[len(before) - 1 :] = [message[found[len(before) - 1].start() :].rstrip()]
        return _fulfil(words, before)
    if len(words) < len(before) + len(after):
        return False
    return _fulfil(words, before) and _fulfil(words[len(words) - len(after) :], after)


def _fulfil(words: Sequence[str], conditions: Sequence[Condition[str]]) -> bool:
    return all(holds(word) for word, holds in zip(words, conditions, strict=False))
