"""Patterns of a line's words: `[type=REPORT, label, id, ..., used > 100, unit]`.

Words stand between white space; what is in brackets or in quotation marks is one word. A pattern names each
of them and can ask for its value. An ellipsis stands for any number of words. Without one, the last name
stands for all that follows.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#matching-term-space-delimited-log-events
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from labsupport.localcloud.filter_patterns import comparison
from labsupport.localcloud.filter_patterns.grammar import Condition, Tokens, alternatives
from labsupport.localcloud.filter_patterns.problem import InvalidPattern

WORD = re.compile(r'\[([^\]]*)\](?!\S)|"([^"]*)"(?!\S)|(\S+)')
NAME = re.compile(r"[A-Za-z0-9_]+")


class _Word(NamedTuple):
    """A word of a pattern: its name, if it has one, and what is asked of it."""

    name: str
    holds: Condition[str]


def read(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a message matches a pattern of words.

    Raises:
        InvalidPattern: it is none.
    """
    before, after = _parsed(pattern)
    return lambda message: _matching(message, before, after) is not None


def values(pattern: str, message: str) -> dict[str, str]:
    """Return the words of a message by the names that a pattern gives them; none if it doesn't match."""
    return _matching(message, *_parsed(pattern)) or {}


def _parsed(pattern: str) -> tuple[list[_Word], list[_Word] | None]:
    """Return the words before the ellipsis, and those behind it if there is one."""
    if not pattern.endswith("]"):
        raise InvalidPattern("A pattern for words ends with ].")
    tokens = Tokens(pattern[1:-1])
    before: list[_Word] = []
    after: list[_Word] | None = None
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
    return before, after


def _word(tokens: Tokens) -> _Word:
    """Read a word's name and what is asked of it. Both may be missing: there is a word, then."""
    if tokens.kind != "word":
        return _Word("", lambda word: True)
    names: list[str] = []
    condition = alternatives(tokens, lambda: _comparison(tokens, names))
    if len(set(names)) > 1:
        raise InvalidPattern(f"{' and '.join(names)} stand between two commas: each word has one name.")
    return _Word(names[0], condition)


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


def _matching(message: str, before: Sequence[_Word], after: Sequence[_Word] | None) -> dict[str, str] | None:
    """Return the words of a message by their names, or None if it doesn't match."""
    found = list(WORD.finditer(message))
    words = [next(group for group in match.groups() if group is not None) for match in found]
    if after is None:
        if len(words) < len(before):
            return None
        if len(words) > len(before):
            words[len(before) - 1 :] = [message[found[len(before) - 1].start() :].rstrip()]
        return _named(words, before)
    if len(words) < len(before) + len(after):
        return None
    return _named([*words[: len(before)], *words[len(words) - len(after) :]], [*before, *after])


def _named(words: Sequence[str], wanted: Sequence[_Word]) -> dict[str, str] | None:
    pairs = list(zip(words, wanted, strict=True))
    if not all(each.holds(word) for word, each in pairs):
        return None
    return {each.name: word for word, each in pairs if each.name}
